import { expect } from 'vitest';
import type { Configuration } from '../../src/index.js';
import { Stage } from './stage.js';

// What marks a message as done: the same tests for the mock broker and for a real Kafka.

const MANUAL: Configuration = { ack: 'manual' };

/** Registers the tests; `config` names the broker, `unique` makes topic names. */
export function ack(config: () => Configuration, unique: (name: string) => string): void {
  const on = (name: string, body: (stage: Stage) => Promise<void>): void => {
    Stage.test(name, 2, config, () => unique('ack'), body);
  };

  on('a_message_without_a_commit_holds_its_key_and_comes_again_with_the_next_assignment', async (stage) => {
    await stage.send('k', ['k1', 'k2'], 0);
    const reader = await stage.reader(MANUAL).subscribe(2);
    await reader.got(1);
    await stage.send('other', ['o1'], 0);
    await reader.got(2);
    expect(reader.payloads).toEqual(['k1', 'o1']);
    reader.last('o1').commit();
    const asked = performance.now();
    await reader.client.unsubscribe();
    expect(performance.now() - asked).toBeLessThan(5_000);

    const old = reader.last('k1');
    await reader.subscribe(2);
    await reader.got(3);
    expect(reader.last('k1').attempt).toBe(1);
    // That of the assignment before marks nothing: with it, k2 would come.
    old.commit();
    await stage.send('other', ['o2'], 0);
    await reader.got(4);
    expect(reader.payloads).toEqual(['k1', 'o1', 'k1', 'o2']);
    reader.last('k1').commit();
    await reader.got(5);
    expect(reader.payloads.at(-1)).toBe('k2');
    reader.last('k2').commit();
    reader.last('o2').commit();
    await reader.client.unsubscribe();

    await stage.send('k', ['k3'], 0);
    await reader.subscribe(2);
    await reader.got(6);
    expect(reader.payloads.at(-1)).toBe('k3');
  });

  on('a_returned_handler_frees_its_slot_and_its_place', async (stage) => {
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    await stage.sendAll(['first', 'second'].flatMap((payload) => keys.map((key) => ({ key, payload }))));
    const reader = await stage.reader({ ...MANUAL, maxConcurrency: 1, maxUncommitted: 1 }).subscribe(2);
    const first = [...(await reader.got(20))];
    expect(first.map(({ key }) => key).sort()).toEqual(keys.sort());
    expect(new Set(reader.payloads)).toEqual(new Set(['first']));
    expect(reader.client.isStalled).toBe(false);
    for (const message of first) message.commit();
    await reader.got(40);
    expect(reader.payloads.slice(20)).toEqual(keys.map(() => 'second'));
  });

  on('a_commit_inside_the_handler_is_void_if_that_throws', async (stage) => {
    await stage.send('k', [1, 2]);
    const reader = stage.reader(MANUAL);
    reader.handle = (message) => {
      message.commit();
      if (message.attempt === 1 && message.payload === 1) throw new Error('after the commit');
    };
    await reader.subscribe(2);
    await reader.got(3);
    expect(reader.messages.map(({ payload, attempt }) => [payload, attempt])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });

  on('what_was_committed_right_before_a_stop_does_not_come_again', async (stage) => {
    const reader = await stage.reader(MANUAL).subscribe(2);
    for (let round = 0; round < 5; round += 1) {
      await stage.send('k', [round]);
      await reader.got(round + 1);
      reader.last(round).commit();
      await reader.client.unsubscribe();
      await reader.subscribe(2);
    }
    await stage.send('k', ['end']);
    await reader.got(6);
    expect(reader.payloads).toEqual([0, 1, 2, 3, 4, 'end']);
  });

  on('commits_come_in_any_order_and_a_restart_repeats_what_has_none', async (stage) => {
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
    await stage.sendAll(keys.map((key) => ({ key, payload: key })));
    const reader = await stage.reader(MANUAL).subscribe(2);
    const messages = [...(await reader.got(60))].reverse();
    const left = messages.filter((_, index) => index % 7 === 3);
    for (const message of messages) if (!left.includes(message)) message.commit();
    await reader.client.unsubscribe();
    await reader.subscribe(2);
    await reader.got(60 + left.length);
    for (const message of reader.messages.slice(60)) message.commit();
    await stage.send('end', ['end']);
    await reader.got(61 + left.length);
    const again = reader.payloads.slice(60, 60 + left.length);
    expect(again.sort()).toEqual(left.map(({ payload }) => payload).sort());
    expect(reader.payloads.at(-1)).toBe('end');
  });
}
