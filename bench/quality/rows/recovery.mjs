// A key with 2,000 messages a second fails once: how soon after its success it is as live as before.
import { median, pace, quantile, sent, spread, until } from '../rig.mjs';

export const name = 'recovery';
export const title = '2,000 messages a second on a key that failed once';

export const quick = { perSecond: 2_000, deferBaseMs: 500, runs: 1, beforeMs: 500, afterMs: 1_200 };
export const full = { perSecond: 2_000, deferBaseMs: 1_000, runs: 5, beforeMs: 2_000, afterMs: 3_000 };

export async function run(rig, plan) {
  const backMs = [];
  const behind = [];
  const usualMs = [];
  const violations = [];
  for (let round = 0; round < plan.runs; round += 1) {
    const one = await fail(rig, plan);
    backMs.push(one.backMs);
    behind.push(one.behind);
    usualMs.push(one.usualMs);
    violations.push(...one.violations);
  }
  return { ...plan, backMs, behind, usualMs, violations };
}

async function fail(rig, { perSecond, deferBaseMs, beforeMs, afterMs }) {
  const topic = await rig.topic(name);
  const client = rig.consumer(topic, { deferBaseMs, retryJitter: 'none' });
  const sender = rig.sender();
  const violations = [];
  /** For each message: when it was sent, and when it started. */
  const sentAt = [];
  const waits = [];
  const startedAt = [];
  let next = 0;
  let failNext = false;
  let failed = -1;
  let succeededAt = 0;
  let behind = 0;
  await client.subscribe({
    onMessage(_context, { payload: { seq } }) {
      if (seq !== next) violations.push(`ORDER ${seq} starts, ${next} is next`);
      if (failNext) {
        failNext = false;
        failed = seq;
        throw new Error('as planned');
      }
      const now = performance.now();
      if (seq === failed) {
        succeededAt = now;
        behind = sentAt.length - seq - 1;
      }
      startedAt[seq] = now;
      waits[seq] = now - sentAt[seq];
      next = seq + 1;
    },
  });
  const results = [];
  const send = (count) => {
    const records = Array.from({ length: count }, () => {
      sentAt.push(performance.now());
      return { topic, key: 'hot', payload: { seq: sentAt.length - 1 } };
    });
    results.push(sender.sendMany(records).then(sent));
  };
  await sender.send(topic, 'hot', { seq: sentAt.push(performance.now()) - 1 });
  await until(
    () => next > 0,
    () => 'the first message',
  );
  await pace(perSecond, { ms: beforeMs }, send);
  const usualMs = quantile(waits.slice(1), 0.5);
  failNext = true;
  await pace(perSecond, { done: () => succeededAt > 0 && performance.now() > succeededAt + afterMs }, send);
  await Promise.all(results);
  await until(
    () => next >= sentAt.length,
    () => `${next} of ${sentAt.length}`,
  );
  // Back: the first message that waited no longer than twice what is usual, or 5 ms where that is less.
  const live = Math.max(2 * usualMs, 5);
  const first = waits.findIndex((waited, seq) => seq > failed && waited <= live);
  const backMs = (startedAt[first] ?? Infinity) - succeededAt;
  await rig.end(sender);
  await rig.end(client);
  return { backMs, behind, usualMs, violations: violations.slice(0, 20) };
}

export function judge({ backMs, violations }) {
  return violations.length === 0 && Math.max(...backMs) <= 1_000;
}

export function tell({ perSecond, backMs, behind, usualMs, violations }) {
  return (
    `${perSecond}/s on one key, ${spread(behind, 0)} behind the failed one when it succeeded; live again ` +
    `${spread(backMs, 0)} ms after (median ${median(backMs).toFixed(0)}), bar 1,000; median wait before ${spread(usualMs, 1)} ms; ` +
    `${violations.length} violations`
  );
}
