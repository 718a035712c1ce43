// A downstream outage: for a while every handler fails, then all succeed.
import { handler, Ledger, Memory, pace, sent, until } from '../rig.mjs';

export const name = 'outage';
export const title = 'every handler fails for a while, then heals';

const soon = { deferBaseMs: 10, deferMaxDelayMs: 200, retryBaseMs: 10, maxRetryDelayMs: 200 };
export const quick = { outageMs: 3_000, perSecond: 500, keys: 100, handlerMs: 2, options: soon };
export const full = { outageMs: 120_000, perSecond: 500, keys: 1_000, handlerMs: 5, options: {} };

export async function run(rig, plan) {
  const { outageMs, perSecond, keys, handlerMs, options } = plan;
  const topic = await rig.topic(name);
  const ledger = new Ledger();
  const client = rig.consumer(topic, options);
  const sender = rig.sender();
  let down = false;
  let lastFailure = 0;
  const fails = () => {
    if (down) lastFailure = performance.now();
    return down;
  };
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

  await pace(perSecond, { ms: Math.max(2_000, outageMs / 20) }, send);
  await caughtUp(ledger, () => total);
  down = true;
  const before = total;
  const memory = new Memory();
  await pace(perSecond, { ms: outageMs }, send);
  memory.stop();
  const backlog = total - before;
  down = false;
  const healed = performance.now();
  await Promise.all(results);
  await caughtUp(ledger, () => total, outageMs * 4 + 30_000);
  const drainMs = performance.now() - healed;
  const attempts = ledger.starts - total;
  await rig.end(client);

  // The same records once more, with nothing failing: how long the backlog takes at full speed.
  const alone = new Ledger();
  const again = rig.consumer(topic, options);
  let began;
  await again.subscribe(
    handler(alone, {
      handlerMs,
      fails: () => {
        began ??= performance.now();
        return false;
      },
    }),
  );
  await caughtUp(alone, () => total);
  const backlogMs = ((performance.now() - began) * backlog) / total;
  await rig.end(again);
  await rig.end(sender);
  const violations = [...ledger.violations, ...alone.violations, ...client.errors];
  const grownMiB = memory.between(0.75, 1) - memory.between(0, 0.25);
  return { outageMs, backlog, drainMs, backlogMs, grownMiB, attempts, failing: lastFailure > 0, violations };
}

async function caughtUp(ledger, total, limitMs = 60_000) {
  await until(
    () => ledger.succeeded >= total(),
    () => `${ledger.succeeded} of ${total()}`,
    limitMs,
  );
}

export function judge({ outageMs, drainMs, grownMiB, failing, violations }) {
  return failing && violations.length === 0 && drainMs <= 2 * outageMs && grownMiB <= 64;
}

export function tell({ outageMs, backlog, drainMs, backlogMs, grownMiB, attempts, violations }) {
  return (
    `${(outageMs / 1000).toFixed(0)} s outage, backlog ${backlog}, ${attempts} failed attempts; drained in ` +
    `${(drainMs / 1000).toFixed(2)} s: ${(drainMs / outageMs).toFixed(2)} of the outage (bar 2), ` +
    `${(drainMs / backlogMs).toFixed(1)} times the backlog at full speed (${backlogMs.toFixed(0)} ms); ` +
    `memory grew ${grownMiB.toFixed(0)} MiB; ${violations.length} violations`
  );
}
