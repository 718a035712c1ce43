import { afterEach, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { finishedBefore, parked } from './history.js';
import { figures, full, type Scene, scene } from './support.js';

const COMMIT_INTERVAL_MS = 200;
const KILLS = full ? 20 : 2;
const PER_SECOND = 1_500;
const BETWEEN_MS = full ? 4_000 : 2_000;

let stage: Scene | undefined;
afterEach(async () => {
  await stage?.close();
});

test(
  'kill -9 in the middle of parked work loses nothing and reorders nothing',
  async () => {
    stage = await scene('parked', {
      partitions: 8,
      keys: 2_000,
      handler: { ms: [0, 5], outages: { share: 0.2, everyMs: 6_000, ms: [500, 3_000] } },
      options: { commitIntervalMs: COMMIT_INTERVAL_MS, deferBaseMs: 100, deferMaxDelayMs: 1_000 },
    });
    const { fleet, load } = stage;
    const members = [await fleet.start(), await fleet.start()];
    let over = false;
    const sending = (async () => {
      while (!over) await load.run(PER_SECOND / 2, PER_SECOND);
    })();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(BETWEEN_MS);
      const victim = members[kill % 2] ?? '';
      const waiting = (): number => parked(fleet.lines(victim), victim, process.hrtime.bigint()).size;
      await fleet.until(() => waiting() >= 20, `${victim} has parked keys`);
      await fleet.kill(victim);
      members[kill % 2] = await fleet.start();
    }
    over = true;
    await sending;
    await stage.drained();
    const { violations, messages, repeated } = stage.verdict();
    expect(violations.slice(0, 20)).toEqual([]);

    const lines = fleet.lines();
    let allowed = 0;
    const waited = fleet.faults.map((fault) => {
      const repeats = repeated.filter(({ first }) => first.member === fault.member);
      const window = finishedBefore(lines, fault, COMMIT_INTERVAL_MS * 1.25);
      allowed += window;
      expect(repeats.length, `messages of ${fault.member} that ran again`).toBeLessThanOrEqual(window);
      return parked(lines, fault.member, fault.ns).size;
    });
    expect(Math.min(...waited), 'keys parked at each kill').toBeGreaterThan(0);
    expect(repeated.length).toBeLessThanOrEqual(allowed);
    figures('parked', {
      messages,
      kills: KILLS,
      parkedAtEachKill: waited,
      failedAttempts: lines.filter((line) => line.kind === 'E' && !line.ok).length,
      repeated: repeated.length,
      allowed,
      lost: 0,
      reordered: 0,
    });
  },
  full ? 400_000 : 120_000,
);
