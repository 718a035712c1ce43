// The bars of bench/quality in their quick form, on the mock broker and on a real Kafka: order and loss are judged as
// strictly as there; times only so far that a broken mechanism shows on a machine that does other work too.
import { expect, test } from 'vitest';
import { Rig } from '../../bench/quality/rig.mjs';
import * as flood from '../../bench/quality/rows/flood.mjs';
import * as outage from '../../bench/quality/rows/outage.mjs';
import * as recovery from '../../bench/quality/rows/recovery.mjs';
import * as stuck from '../../bench/quality/rows/stuck.mjs';
import * as tenth from '../../bench/quality/rows/tenth.mjs';
import * as library from '../../src/index.js';

interface Row<P, F> {
  name: string;
  quick: P;
  run(rig: Rig, plan: P): Promise<F>;
  tell(figures: any): string;
}

/** Registers the tests; `config` names the broker. */
export function quality(on: string, config: () => library.Configuration): void {
  const play = async <P, F>(row: Row<P, F>): Promise<F> => {
    const rig = new Rig(library, on, config());
    try {
      const figures = await row.run(rig, row.quick);
      console.log(`${row.name} on ${on}: ${row.tell(figures)}`);
      return figures;
    } finally {
      await rig.close();
    }
  };

  test('each_tenth_message_fails_once_and_all_are_delivered_in_order', async () => {
    const { violations, results } = await play(tenth);
    expect(violations).toEqual([]);
    for (const { ratios } of results) expect(Math.max(...ratios)).toBeLessThan(2.5);
  });

  test('a_key_that_failed_once_is_live_again_within_a_second_of_its_success', async () => {
    const { violations, backMs, behind } = await play(recovery);
    expect(violations).toEqual([]);
    expect(Math.max(...backMs)).toBeLessThan(1_000);
    // It had something to make up for.
    expect(Math.min(...behind)).toBeGreaterThan(100);
  });

  test('a_flood_on_one_key_leaves_the_others_their_latency', async () => {
    const { alone, flooded, flood: ran } = await play(flood);
    expect(flooded[0]!.p50).toBeLessThan(alone[0]!.p50 * 2 + 10);
    expect(flooded[0]!.p99).toBeLessThan(alone[0]!.p99 * 2 + 100);
    expect(ran).toBeGreaterThan(50);
  });

  test('keys_that_fail_for_ever_hold_nobody_until_the_map_is_full_and_then_nothing_is_lost', async () => {
    const { violations, ratios, grownMiB, bound } = await play(stuck);
    expect(violations).toEqual([]);
    expect(Math.min(...ratios)).toBeGreaterThan(0.5);
    expect(Math.max(...grownMiB)).toBeLessThan(100);
    expect(bound.held).toBe(true);
    expect(bound.violations).toEqual([]);
  });

  test('after_an_outage_the_backlog_drains_in_order', async () => {
    const { violations, outageMs, warm, cold } = await play(outage);
    expect(violations).toEqual([]);
    for (const { attempts, left, drainMs, grownMiB } of [warm, cold]) {
      expect(attempts).toBeGreaterThan(0);
      expect(left).toBe(0);
      expect(drainMs).toBeLessThan(2 * outageMs);
      expect(grownMiB).toBeLessThan(100);
    }
  });
}
