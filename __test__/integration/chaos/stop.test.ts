import { afterEach, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { figures, full, type Scene, scene } from './support.js';

const STOPS = full ? 20 : 4;
const PER_SECOND = 2_000;
const PAUSE_MS = full ? 1_500 : 1_000;

let stage: Scene | undefined;
afterEach(async () => {
  await stage?.close();
});

test(
  'a clean stop under load repeats nothing, and leaves exactly what was not finished',
  async () => {
    stage = await scene('stop', { partitions: 8, keys: 1_000, handler: { ms: [0, 20], failing: 0.005 } });
    const { fleet, load, watcher } = stage;
    let member = await fleet.start();
    const sending = load.run(Math.round((STOPS + 1.5) * (PAUSE_MS / 1000) * PER_SECOND), PER_SECOND);
    const lags: number[] = [];
    for (let stop = 0; stop < STOPS; stop += 1) {
      await sleep(PAUSE_MS);
      await fleet.stop(member);
      lags.push(await leftBehind(stage));
      member = await fleet.start();
    }
    await sending;
    await stage.drained();
    await fleet.stop(member);
    const { violations, repeated, messages } = stage.verdict();
    expect(violations.slice(0, 20)).toEqual([]);
    expect(repeated).toEqual([]);
    expect(fleet.exits.filter(({ code }) => code !== 0)).toEqual([]);
    const committed = await watcher.look();
    for (const [partition, end] of await watcher.ends()) expect(committed.get(partition) ?? 0).toBe(end);
    figures('stop', { messages, stops: STOPS, repeated: 0, lost: 0, largestUnfinished: Math.max(...lags) });
  },
  full ? 240_000 : 90_000,
);

/** After a stop: the committed offset of each partition is its first message that has not succeeded. */
async function leftBehind({ fleet, watcher }: Scene): Promise<number> {
  const committed = await watcher.look();
  const finished = new Map<number, Set<number>>();
  for (const line of fleet.lines()) {
    if (line.kind !== 'E' || !line.ok) continue;
    const done = finished.get(line.partition) ?? new Set();
    finished.set(line.partition, done.add(line.offset));
  }
  let above = 0;
  for (const [partition, done] of finished) {
    let first = 0;
    while (done.has(first)) first += 1;
    expect(committed.get(partition) ?? 0, `committed offset of partition ${partition}`).toBe(first);
    above += [...done].filter((offset) => offset > first).length;
  }
  return above;
}
