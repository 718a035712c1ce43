// One key floods a hundred times what each of 100 others sends; those keep their latency.
import { setTimeout as sleep } from 'node:timers/promises';
import { median, pace, quantile, sent, spread, until } from '../rig.mjs';

export const name = 'flood';
export const title = 'one key floods 100 times, 100 keys trickle at half capacity';

export const quick = { slots: 4, handlerMs: 5, ms: 2_000, pairs: 1 };
export const full = { slots: 4, handlerMs: 5, ms: 15_000, pairs: 3 };

const KEYS = 100;

export async function run(rig, plan) {
  const alone = [];
  const flooded = [];
  let flood = 0;
  for (let pair = 0; pair < plan.pairs; pair += 1) {
    for (const floods of pair % 2 === 0 ? [false, true] : [true, false]) {
      const { waits, flooded: done } = await trickle(rig, plan, floods);
      (floods ? flooded : alone).push({ p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) });
      if (floods) flood += done;
    }
  }
  return { ...plan, alone, flooded, flood };
}

async function trickle(rig, { slots, handlerMs, ms }, floods) {
  const topic = await rig.topic(name);
  const client = rig.consumer(topic, { maxConcurrency: slots });
  const sender = rig.sender();
  const waits = [];
  let flooded = 0;
  let warm = false;
  await client.subscribe({
    async onMessage(_context, { key, payload }) {
      if (key === 'flood') flooded += 1;
      else if (key === 'warm') warm = true;
      else waits.push(performance.now() - payload.due);
      await sleep(handlerMs);
    },
  });
  await sender.send(topic, 'warm', {});
  await until(
    () => warm,
    () => 'the first message',
  );
  const perSecond = (slots * 1000) / handlerMs / 2;
  const results = [];
  const total = await pace(perSecond, { ms }, (count, first) => {
    const due = performance.now();
    const records = [];
    for (let index = first; index < first + count; index += 1) {
      records.push({ topic, key: `k${index % KEYS}`, payload: { due } });
      // A hundred times one of the others' share is as much as all of them together.
      if (floods) records.push({ topic, key: 'flood', payload: { due } });
    }
    results.push(sender.sendMany(records).then(sent));
  });
  await Promise.all(results);
  await until(
    () => waits.length >= total,
    () => `${waits.length} of ${total} of the trickle`,
  );
  // What is left of the flood is nobody's concern.
  const done = flooded;
  await rig.end(sender);
  await rig.end(client);
  return { waits, flooded: done };
}

export function judge({ alone, flooded }) {
  const before = median(alone.map(({ p99 }) => p99));
  const after = median(flooded.map(({ p99 }) => p99));
  return after <= Math.max(1.2 * before, before + 2);
}

export function tell({ alone, flooded, flood }) {
  const of = (runs, which) => spread(runs.map((run) => run[which]));
  return (
    `start of the trickle p50 ${of(alone, 'p50')} ms alone, ${of(flooded, 'p50')} ms beside the flood; ` +
    `p99 ${of(alone, 'p99')} and ${of(flooded, 'p99')} ms, bar 1.2 times or 2 ms more; ${flood} of the flood ran beside it`
  );
}
