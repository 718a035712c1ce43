// A downstream outage: for a while every handler fails, then all succeed.
import { handler, Ledger, Memory, pace, sent, until } from '../rig.mjs';

export const name = 'outage';
export const title = 'every handler fails for a while, then heals';

const soon = { deferBaseMs: 10, deferMaxDelayMs: 200, retryBaseMs: 10, maxRetryDelayMs: 200 };
export const quick = { outageMs: 3_000, perSecond: 500, keys: 100, handlerMs: 2, options: soon };
export const full = { outageMs: 120_000, perSecond: 500, keys: 1_000, handlerMs: 5, options: {} };

export async function run(rig, plan) {
  // At the same time, for they mostly wait: an outage of a client that has had success before, and of one that starts
  // into it, whose failure gate closes.
  const [warm, cold] = await Promise.all([play(rig, plan, true), play(rig, plan, false)]);
  return { outageMs: plan.outageMs, warm, cold, violations: [...warm.violations, ...cold.violations] };
}

async function play(rig, plan, warm) {
  const { outageMs, perSecond, keys, handlerMs, options } = plan;
  const topic = await rig.topic(name);
  const ledger = new Ledger();
  const client = rig.consumer(topic, options);
  const sender = rig.sender();
  let down = !warm;
  const fails = () => down;
  await client.subscribe(handler(ledger, { handlerMs, fails }));
  const seqs = new Map();
  const results = [];
  let total = 0;
  const send = (count) => {
    const records = Array.from({ length: count }, () => {
      const key = `k${total++ % keys}`;
      const seq = seqs.get(key) ?? 0;
      seqs.set(key, seq + 1);
      return { topic, key, payload: { seq, pad: 'x'.repeat(200) } };
    });
    results.push(sender.sendMany(records).then(sent));
  };

  if (warm) await pace(perSecond, { ms: Math.max(2_000, outageMs / 20) }, send);
  await caughtUp(ledger, total);
  down = true;
  const before = total;
  const memory = new Memory();
  await pace(perSecond, { ms: outageMs }, send);
  memory.stop();
  const backlog = total - before;
  down = false;
  const healed = performance.now();
  await Promise.all(results);
  await caughtUp(ledger, before + backlog * 0.99, outageMs * 3).catch(() => {});
  const mostMs = performance.now() - healed;
  await caughtUp(ledger, total, outageMs * 3 - mostMs).catch(() => {});
  const drainMs = performance.now() - healed;
  const left = total - ledger.succeeded;
  const attempts = ledger.failed;
  const errors = [...client.errors];
  await rig.end(client);
  await rig.end(sender);
  // With nothing failing: how long the backlog takes at full speed.
  const backlogMs = await alone(rig, topic, plan, total, backlog);
  const grownMiB = memory.between(0.75, 1) - memory.between(0, 0.25);
  const violations = [...ledger.violations, ...errors];
  return { backlog, mostMs, drainMs, left, backlogMs, grownMiB, attempts, violations };
}

async function alone(rig, topic, { handlerMs, options }, total, backlog) {
  const ledger = new Ledger();
  const client = rig.consumer(topic, options);
  let began;
  const fails = () => {
    began ??= performance.now();
    return false;
  };
  await client.subscribe(handler(ledger, { handlerMs, fails }));
  await caughtUp(ledger, total);
  const tookMs = performance.now() - began;
  await rig.end(client);
  return (tookMs * backlog) / total;
}

async function caughtUp(ledger, count, limitMs = 60_000) {
  await until(
    () => ledger.succeeded >= count,
    () => `${ledger.succeeded} of ${count}`,
    limitMs,
  );
}

/** Twice what the backlog takes at full speed, and the delay after which deferred keys are tried again. */
const allowed = (outageMs, backlogMs) => Math.min(2 * outageMs, 2 * backlogMs + 1_000);

export function judge({ outageMs, warm, cold, violations }) {
  // Two consumers in one process, of 64 MiB each.
  const good = ({ left, drainMs, backlogMs, grownMiB, attempts }) =>
    attempts > 0 && left === 0 && drainMs <= allowed(outageMs, backlogMs) && grownMiB <= 128;
  return violations.length === 0 && good(warm) && good(cold);
}

export function tell({ outageMs, warm, cold, violations }) {
  const seconds = (ms) => (ms / 1000).toFixed(1);
  const one = ({ backlog, mostMs, drainMs, left, backlogMs, grownMiB, attempts }) =>
    `backlog ${backlog} (${seconds(backlogMs)} s at full speed), ${attempts} failed attempts, 99 % drained ${seconds(mostMs)} s ` +
    `and ${left === 0 ? 'all' : `all but ${left}`} ${seconds(drainMs)} s after healing, memory grew ${grownMiB.toFixed(0)} MiB`;
  return (
    `${seconds(outageMs)} s outage after success: ${one(warm)}; from the start: ${one(cold)}; bar: all within ` +
    `${seconds(allowed(outageMs, warm.backlogMs))} s; ${violations.length} violations`
  );
}
