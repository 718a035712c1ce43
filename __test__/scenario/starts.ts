import { expect } from 'vitest';
import type { Configuration } from '../../src/index.js';
import { Stage } from './stage.js';

// Where a first assignment starts: the same tests for the mock broker and for a real Kafka.

/** Registers the tests; `config` names the broker, `unique` makes topic names. */
export function starts(config: () => Configuration, unique: (name: string) => string): void {
  const on = (name: string, body: (stage: Stage) => Promise<void>): void => {
    Stage.test(name, 2, config, () => unique('start'), body);
  };
  /** Lines about the start of a partition, by partition. */
  const said = (stage: Stage): unknown[] =>
    stage.lines
      .filter(({ message }) => message.startsWith('starting at offset'))
      .map(
        ({ level, message, metadata }) =>
          ({ level, message, ...(metadata as object) }) as { partition?: number },
      )
      .sort((one, other) => (one.partition ?? 0) - (other.partition ?? 0));

  on('latest_passes_over_what_is_there_and_says_so', async (stage) => {
    await stage.send('k', [1, 2, 3], 0);
    const reader = await stage.reader({ startFrom: 'latest' }).subscribe(2);
    await stage.send('k', [4], 0);
    await stage.send('k', [5], 1);
    await reader.got(2);
    expect(reader.payloads.sort()).toEqual([4, 5]);
    const about = { topic: stage.topic, committed: null };
    expect(said(stage)).toEqual([
      {
        level: 'warn',
        message: 'starting at offset 3, where nothing is committed: 3 records are passed over',
        ...about,
        partition: 0,
        start: 3,
        records: 3,
      },
      {
        level: 'info',
        message: 'starting at offset 0, where nothing is committed: 0 records are passed over',
        ...about,
        partition: 1,
        start: 0,
        records: 0,
      },
    ]);
  });

  on('what_latest_passes_over_stays_passed_over_though_nothing_came', async (stage) => {
    await stage.send('k', [1, 2, 3], 0);
    const reader = await stage.reader({ startFrom: 'latest' }).subscribe(2);
    await reader.client.unsubscribe();
    await stage.send('k', [4], 0);
    // Another process, with the default.
    const next = await stage.reader().subscribe(2);
    await next.got(1);
    expect(next.payloads).toEqual([4]);
  });

  on('earliest_runs_again_what_is_committed_once_for_each_process', async (stage) => {
    await stage.send('k', [1, 2, 3], 0);
    const before = await stage.reader().subscribe(2);
    await before.got(3);
    await before.client.unsubscribe();

    const reader = await stage.reader({ startFrom: 'earliest' }).subscribe(2);
    await reader.got(3);
    expect(reader.payloads).toEqual([1, 2, 3]);
    expect(said(stage)).toMatchObject([
      {
        level: 'warn',
        message: 'starting at offset 0, where offset 3 is committed: 3 records run again',
        partition: 0,
      },
    ]);
    await reader.client.unsubscribe();
    // The same client: its first assignment is behind it.
    await reader.subscribe(2);
    await stage.send('k', [4], 0);
    await reader.got(4);
    expect(reader.payloads).toEqual([1, 2, 3, 4]);
  });

  on('a_new_group_with_earliest_starts_as_ever', async (stage) => {
    await stage.send('k', [1], 0);
    const reader = await stage.reader({ startFrom: 'earliest' }).subscribe(2);
    await reader.got(1);
    expect(said(stage)).toEqual([]);
  });
}
