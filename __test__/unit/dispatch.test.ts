import { describe, expect, it, vi } from 'vitest';
import { type Context, type Message, PermanentError, TransientError } from '../../src/index.js';
import { turn, watchRejections, type Row } from './fake-native.js';
import { lines, subscribed, withFakeNative } from './support.js';

withFakeNative();

const ok = (index: number): object => ({ index, generation: 1, code: 0 });

describe('calls', () => {
  it('have_this_bound_and_the_message_of_their_row', async () => {
    class Orders {
      seen: unknown[] = [];
      onMessage(_context: Context, message: Message): void {
        this.seen.push([message.topic, message.partition, message.offset, message.key, message.payload]);
      }
    }
    const orders = new Orders();
    const { native } = await subscribed(orders);
    native.deliver(
      { kind: 'message', offset: 4, key: 'a', value: '1' },
      { kind: 'message', offset: 5, key: 'b', value: '2' },
    );
    expect(orders.seen).toEqual([
      ['orders', 7, 4, 'a', 1],
      ['orders', 7, 5, 'b', 2],
    ]);
  });

  it('of_a_partition_whose_index_was_named_anew_have_the_new_name', async () => {
    const kept: Message[] = [];
    const { native } = await subscribed({ onMessage: (_context, message) => kept.push(message) });
    native.deliver({ kind: 'message' });
    native.deliver({ kind: 'partition', index: 0, topic: 'refunds', partition: 1 }, { kind: 'message' });
    expect(kept.map(({ topic, partition }) => `${topic}/${partition}`)).toEqual(['orders/7', 'refunds/1']);
  });

  it('are_settled_in_one_batch_a_turn', async () => {
    const { native } = await subscribed({ onMessage: async () => {} });
    native.deliver(...Array.from({ length: 100 }, (_, index): Row => ({ kind: 'message', index })));
    native.deliver({ kind: 'message', index: 100 });
    await turn();
    expect(native.settled).toEqual([Array.from({ length: 101 }, (_, index) => ok(index))]);
  });

  it('are_settled_as_soon_as_there_are_256', async () => {
    const { native } = await subscribed({ onMessage: async () => {} });
    native.deliver(...Array.from({ length: 600 }, (_, index): Row => ({ kind: 'message', index })));
    await turn();
    expect(native.settled.map((batch) => batch.length)).toEqual([256, 256, 88]);
    expect(native.settled.flat()).toEqual(Array.from({ length: 600 }, (_, index) => ok(index)));
  });

  it('succeed_whatever_they_return', async () => {
    const results = [undefined, 1, 'x', null, { then: 1 }, [], () => 1, Promise.resolve(3)];
    const { native } = await subscribed({ onMessage: (_context, message) => results[message.offset] });
    native.deliver(...results.map((_, offset): Row => ({ kind: 'message', index: offset, offset })));
    await turn();
    expect(native.outcomes.map(({ code }) => code)).toEqual(results.map(() => 0));
  });

  it('fail_alone', async () => {
    const rejections = watchRejections();
    const { native } = await subscribed({
      onMessage: (_context, message) => {
        if (message.offset === 1) throw new PermanentError('no such order');
        if (message.offset === 2) return Promise.reject(new TransientError('later', { retryAfterMs: 1500 }));
        if (message.offset === 3) return Promise.reject(undefined);
        return undefined;
      },
    });
    native.deliver(...[0, 1, 2, 3, 4].map((at): Row => ({ kind: 'message', index: at, offset: at })));
    await turn();
    const byIndex = native.outcomes.toSorted((a, b) => a.index - b.index);
    expect(byIndex).toEqual([
      ok(0),
      { index: 1, generation: 1, code: 2, failure: { text: 'PermanentError: no such order' } },
      { index: 2, generation: 1, code: 1, failure: { text: 'TransientError: later', retryAfterMs: 1500 } },
      { index: 3, generation: 1, code: 1, failure: { text: 'undefined was thrown' } },
      ok(4),
    ]);
    expect(rejections).toEqual([]);
  });

  it.each<[string, PropertyDescriptor, number]>([
    ['throws', { value: () => { throw new Error('then'); } }, 1], // prettier-ignore
    ['resolves_twice', { value: (resolve: () => void) => { resolve(); resolve(); } }, 0], // prettier-ignore
    ['resolves_and_throws', { value: (resolve: () => void) => { resolve(); throw new Error('late'); } }, 0], // prettier-ignore
    ['rejects_and_resolves', { value: (resolve: () => void, reject: () => void) => { reject(); resolve(); } }, 1], // prettier-ignore
    ['cannot_be_asked_for_then', { get: () => { throw new Error('getter'); } }, 1], // prettier-ignore
  ])('that_return_a_thenable_that_%s_settle_once', async (_name, then, code) => {
    const rejections = watchRejections();
    const { native } = await subscribed({ onMessage: () => Object.defineProperty({}, 'then', then) });
    native.deliver({ kind: 'message', index: 9 });
    await turn();
    await turn();
    expect(native.outcomes.map((outcome) => [outcome.index, outcome.code])).toEqual([[9, code]]);
    expect(rejections).toEqual([]);
  });

  it('that_fail_in_a_later_turn_have_their_own_text', async () => {
    const { native } = await subscribed({ onMessage: (_context, message) => Promise.reject(message.key) });
    native.deliver({ kind: 'message', key: 'first' });
    await turn();
    native.deliver({ kind: 'message', key: 'second' });
    await turn();
    expect(native.outcomes.map(({ failure }) => failure?.text)).toEqual(['first', 'second']);
    const texts: unknown[] = [];
    native.settle = (_rows, _count, all) => {
      texts.push(all);
      return undefined;
    };
    native.deliver({ kind: 'message', key: 'third' });
    await turn();
    expect(texts).toEqual([['{"text":"third"}']]);
  });

  it('without_a_method_fail_for_good_and_name_it', async () => {
    const { native } = await subscribed({ onTimer: () => {} });
    native.deliver({ kind: 'message', index: 2 });
    await turn();
    expect(native.outcomes).toMatchObject([
      { index: 2, code: 2, failure: { text: expect.stringContaining('onMessage') } },
    ]);
  });

  it('of_a_message_that_is_no_JSON_fail_for_good_once_it_is_read', async () => {
    const { native } = await subscribed({
      onMessage: (_context, message) => (message.offset === 0 ? undefined : message.payload),
    });
    native.deliver(
      { kind: 'message', index: 0, offset: 0, value: 'x' },
      { kind: 'message', index: 1, offset: 1, value: 'x' },
    );
    await turn();
    expect(native.outcomes.map(({ code }) => code)).toEqual([0, 2]);
  });

  it('settle_with_their_own_generation_when_an_index_is_used_again', async () => {
    const waiting: (() => void)[] = [];
    const contexts: Context[] = [];
    const { native } = await subscribed({
      onMessage: (context) => {
        contexts.push(context);
        return new Promise<void>((resolve) => waiting.push(resolve));
      },
    });
    native.deliver(
      { kind: 'message', index: 3, generation: 1 },
      { kind: 'message', index: 3, generation: 2 },
    );
    waiting[0]!();
    await turn();
    native.deliver({ kind: 'abort', index: 3, generation: 1, reason: 1 });
    expect(contexts.map(({ shouldCancel }) => shouldCancel)).toEqual([false, false]);
    native.deliver({ kind: 'abort', index: 3, generation: 2, reason: 1 });
    expect(contexts.map(({ shouldCancel }) => shouldCancel)).toEqual([false, true]);
    waiting[1]!();
    await turn();
    expect(native.outcomes.map(({ generation }) => generation)).toEqual([1, 2]);
  });

  it('go_on_after_a_slab_that_cannot_be_read', async () => {
    const seen = vi.fn();
    const { native } = await subscribed({ onMessage: seen });
    native.sink(0, new ArrayBuffer(4));
    native.sink(9, '');
    native.sink(2, 'no JSON');
    native.deliver({ kind: 'message' });
    expect(seen).toHaveBeenCalledOnce();
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(3);
  });

  it('take_no_notice_of_a_ping', async () => {
    const { native } = await subscribed({ onMessage: vi.fn() });
    native.sink(4, '');
    expect(lines).toEqual([]);
  });

  it('that_end_after_the_native_side_has_closed_break_nothing', async () => {
    const { native } = await subscribed({ onMessage: async () => {} });
    native.settle = () => {
      throw new Error('closed');
    };
    native.deliver({ kind: 'message' });
    await turn();
    expect(lines.map(({ message }) => message)).toEqual(['1 outcomes of handlers could not be handed over']);
  });
});

describe('signals', () => {
  it.each([
    [1, 'TimeoutError'],
    [2, 'AbortError'],
    [3, 'AbortError'],
    [4, 'AbortError'],
    [99, 'AbortError'],
  ])('of_reason_%d_abort_with_a_%s', async (reason, name) => {
    let seen: { context: Context; signal: AbortSignal } | undefined;
    let cancelled = 0;
    const { native } = await subscribed({
      onMessage: (context, _message, signal) => {
        seen = { context, signal };
        void context.onCancel().then(() => (cancelled += 1));
        return new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      },
    });
    native.deliver({ kind: 'message', index: 1 });
    expect(seen!.context.shouldCancel).toBe(false);
    expect(seen!.signal.aborted).toBe(false);
    native.deliver({ kind: 'abort', index: 1, reason }, { kind: 'abort', index: 1, reason: 1 });
    expect(seen!.context.shouldCancel).toBe(true);
    expect(seen!.signal.reason).toMatchObject({ name });
    expect(seen!.signal.reason).toBeInstanceOf(Error);
    await turn();
    expect(cancelled).toBe(1);
    expect(native.outcomes).toEqual([ok(1)]);
  });

  it('are_left_out_where_they_cannot_be_seen_and_differ_from_call_to_call', async () => {
    const counts: number[] = [];
    const two = {
      onMessage: (_context: Context, _message: Message) => {},
    };
    const { native } = await subscribed({
      onMessage(...all: unknown[]) {
        counts.push(all.length);
      },
    });
    native.deliver({ kind: 'message' });
    expect(counts).toEqual([3]);

    const made = vi.spyOn(globalThis, 'AbortController');
    const { native: without } = await subscribed(two);
    without.deliver({ kind: 'message' });
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();

    const signals = new Set<AbortSignal>();
    const { native: with3 } = await subscribed({ onMessage: (_c, _m, signal) => signals.add(signal) });
    with3.deliver({ kind: 'message', index: 1 }, { kind: 'message', index: 2 });
    expect(signals.size).toBe(2);
  });

  it('of_a_call_that_has_ended_stay_as_they_are_and_onCancel_resolves', async () => {
    const kept: { context: Context; signal: AbortSignal }[] = [];
    const resolved: string[] = [];
    const { native } = await subscribed({
      onMessage: async (context, _message, signal) => {
        kept.push({ context, signal });
        void context.onCancel().then(() => resolved.push('during'));
      },
    });
    native.deliver({ kind: 'message', index: 1 });
    await turn();
    native.deliver({ kind: 'abort', index: 1, reason: 1 });
    const [{ context, signal }] = kept as [(typeof kept)[0]];
    await context.onCancel();
    expect(resolved).toEqual(['during']);
    expect(signal.aborted).toBe(false);
    expect(context.shouldCancel).toBe(false);
  });
});
