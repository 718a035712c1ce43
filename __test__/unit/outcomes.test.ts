import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import { describe, expect, it } from 'vitest';
import { slab, turn, type Row } from './fake-native.js';
import { lines, subscribed, withFakeNative } from './support.js';

withFakeNative();

const rows = (count: number, from = 0): Row[] =>
  Array.from({ length: count }, (_, at): Row => ({ kind: 'message', index: from + at, offset: from + at }));

/** A handler whose calls end when `end` is called, first started first. */
function held(): { onMessage: () => Promise<void>; end: (count: number) => void } {
  const ends: (() => void)[] = [];
  return {
    onMessage: () => new Promise<void>((resolve) => ends.push(resolve)),
    end: (count) => {
      for (const resolve of ends.splice(0, count)) resolve();
    },
  };
}

/** The two timers are due at the same instant, so they run in one phase of the event loop. */
const inOnePhase = (first: () => void, second: () => void): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(first, 2);
    setTimeout(() => {
      second();
      resolve();
    }, 2);
    // Both are past before the loop looks at either: one that has some microseconds left would get a phase of its own.
    const past = performance.now() + 4;
    while (performance.now() < past);
  });

describe('outcomes', () => {
  it('of_a_burst_of_timers_are_handed_over_while_it_lasts', async () => {
    const handler = held();
    const { native } = await subscribed(handler);
    native.deliver(...rows(100));
    let before: number[] = [];
    await inOnePhase(
      () => {
        handler.end(64);
      },
      () => (before = native.settled.map((batch) => batch.length)),
    );
    expect(before).toEqual([64]);
  });

  it('that_are_few_wait_for_the_end_of_the_turn', async () => {
    const handler = held();
    const { native } = await subscribed(handler);
    native.deliver(...rows(100));
    let before = -1;
    await inOnePhase(
      () => {
        handler.end(63);
      },
      () => (before = native.settled.length),
    );
    await turn();
    expect(before).toBe(0);
    expect(native.settled.map((batch) => batch.length)).toEqual([63]);
  });

  it('are_answered_with_what_starts_next', async () => {
    const seen: number[] = [];
    const { native } = await subscribed({ onMessage: (_context, message) => void seen.push(message.offset) });
    const answers = [slab(rows(2, 10)), slab(rows(1, 20))];
    native.onSettle = () => answers.shift();
    native.deliver(...rows(1));
    while (native.outcomes.length < 4) await turn();
    expect(seen).toEqual([0, 10, 11, 20]);
    expect(native.outcomes.map(({ index }) => index)).toEqual([0, 10, 11, 20]);
  });

  it('start_what_follows_outside_of_the_call_that_has_ended', async () => {
    const storage = new AsyncLocalStorage<string>();
    const stores: (string | undefined)[] = [];
    const { native } = await subscribed({
      onMessage: (_context, message) => {
        stores.push(storage.getStore());
        storage.enterWith(`call ${message.offset}`);
      },
    });
    const answers = [slab(rows(1, 1))];
    native.onSettle = () => answers.shift();
    native.deliver(...rows(1));
    while (native.outcomes.length < 2) await turn();
    expect(stores).toEqual([undefined, undefined]);
  });

  it('leave_the_rest_of_the_event_loop_its_turn', async () => {
    let started = 0;
    const { native } = await subscribed({ onMessage: () => void started++ });
    native.onSettle = () => (started < 50_000 ? slab(rows(128)) : undefined);
    native.deliver(...rows(128));
    let atFirst = 0;
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        atFirst = started;
        resolve();
      });
    });
    expect(atFirst).toBeGreaterThan(128);
    expect(atFirst).toBeLessThan(3_000);
    native.onSettle = () => undefined;
    await turn();
  });

  it('whose_answer_cannot_be_read_are_settled_all_the_same', async () => {
    const { native } = await subscribed({ onMessage: () => undefined });
    const answers = [slab(rows(1), 9)];
    native.onSettle = () => answers.shift();
    native.deliver(...rows(1));
    await turn();
    expect(native.outcomes.length).toBe(1);
    expect(lines.filter(({ level }) => level === 'error').length).toBe(1);
  });
});

it('a_slab_that_was_taken_already_is_nothing', async () => {
  const { native } = await subscribed({ onMessage: () => undefined });
  native.sink(0, null);
  await turn();
  expect(native.settled).toEqual([]);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});
