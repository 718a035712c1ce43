// 10,000 messages, each tenth throws once: all delivered, in order, in little more time than without failures.
import { handler, Ledger, median, spread, until } from '../rig.mjs';

export const name = 'tenth';
export const title = '10,000 messages, each tenth throws once';

export const quick = { messages: 4_000, keys: 400, handlerMs: 1, basesMs: [10, 100], pairs: 1 };
export const full = { messages: 10_000, keys: 1_000, handlerMs: 2, basesMs: [10, 1_000], pairs: 5 };

export async function run(rig, plan) {
  const { messages, keys, basesMs } = plan;
  const topic = await rig.topic(name);
  await rig.fill(topic, messages, (index) => ({
    key: `k${index % keys}`,
    payload: { seq: Math.floor(index / keys), number: index % keys },
  }));
  // Not counted: it warms up the process.
  await drain(rig, topic, plan, 0, false);
  const violations = [];
  const results = [];
  for (const deferBaseMs of basesMs)
    results.push(await compare(rig, topic, plan, deferBaseMs, violations));
  return { messages, results, violations };
}

async function compare(rig, topic, plan, deferBaseMs, violations) {
  const { messages, keys, pairs } = plan;
  // Each key fails in turn, so the longest chain of waits is known: no jitter, and each failing message waits once.
  const backoffMs = Math.ceil(messages / keys / 10) * deferBaseMs;
  const clean = [];
  const failing = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    // Who is first changes from pair to pair.
    for (const fails of pair % 2 === 0 ? [false, true] : [true, false]) {
      const { tookMs, ledger } = await drain(rig, topic, plan, deferBaseMs, fails);
      (fails ? failing : clean).push(tookMs);
      violations.push(...ledger.violations);
      if (fails && ledger.failed !== messages / 10)
        violations.push(`${ledger.failed} failures, not ${messages / 10}`);
      if (ledger.succeeded !== messages) violations.push(`${ledger.succeeded} of ${messages} succeeded`);
    }
  }
  const ratios = failing.map((tookMs, pair) => (tookMs - backoffMs) / clean[pair]);
  return { backoffMs, clean, failing, ratios };
}

async function drain(rig, topic, { messages, handlerMs }, deferBaseMs, failing) {
  const ledger = new Ledger();
  const client = rig.consumer(topic, { deferBaseMs: Math.max(deferBaseMs, 1), retryJitter: 'none' });
  const fails = (_key, seq, { attempt, payload }) => {
    began ??= performance.now();
    return failing && attempt === 1 && (payload.number + seq) % 10 === 0;
  };
  let began;
  let ended = 0;
  const onSuccess = () => (ended = performance.now());
  await client.subscribe(handler(ledger, { handlerMs, fails, onSuccess }));
  await until(
    () => ledger.succeeded >= messages,
    () => `${ledger.succeeded} of ${messages}`,
  );
  await rig.end(client);
  return { tookMs: ended - began, ledger };
}

export function judge({ results, violations }) {
  return violations.length === 0 && results.every(({ ratios }) => median(ratios) <= 1.2);
}

export function tell({ messages, results, violations }) {
  const one = ({ clean, failing, backoffMs, ratios }) =>
    `drain ${spread(clean, 0)} ms without failures, ${spread(failing, 0)} ms with them and ${backoffMs} ms of backoff, ` +
    `ratio without the backoff ${spread(ratios)}, bar 1.2`;
  return `${messages} delivered, ${violations.length} violations; ${results.map(one).join('; ')}`;
}
