import { describe, expect, it } from 'vitest';
import { ConsumerState, ProsodyClient, ProsodyError } from '../../src/index.js';
import { FakeNative, turn, watchRejections } from './fake-native.js';
import { lines, subscribed, withFakeNative } from './support.js';

withFakeNative();

const handler = { onMessage: async () => {} };
const fault = (code: string): Error =>
  new Error(JSON.stringify({ code, message: 'the broker said no', retryable: true }));

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('subscribe', () => {
  it('tells_the_native_side_which_methods_there_are', async () => {
    const { native } = await subscribed({ onMessage: () => {}, onTimer: () => {} });
    expect(native.handles).toBe(3);
    const { native: messagesOnly } = await subscribed(handler);
    expect(messagesOnly.handles).toBe(1);
  });

  it('raises_no_unhandled_rejection_and_is_logged_and_emitted_when_nobody_awaits_it', async () => {
    const rejections = watchRejections();
    const client = new ProsodyClient();
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    FakeNative.last.onSubscribe = () => Promise.reject(fault('GROUP_AUTHORIZATION_FAILED'));
    void client.subscribe(handler);
    await turn();
    await turn();
    expect(rejections).toEqual([]);
    expect(errors).toMatchObject([{ code: 'GROUP_AUTHORIZATION_FAILED', retryable: true }]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('logs_a_failure_once_without_a_listener', async () => {
    const client = new ProsodyClient();
    FakeNative.last.onSubscribe = () => Promise.reject(fault('X'));
    await expect(client.subscribe(handler)).rejects.toBeInstanceOf(ProsodyError);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('can_be_repeated_after_a_failure', async () => {
    const client = new ProsodyClient();
    FakeNative.last.onSubscribe = () => Promise.reject(fault('X'));
    await expect(client.subscribe(handler)).rejects.toThrow('the broker said no');
    FakeNative.last.onSubscribe = () => Promise.resolve();
    await client.subscribe(handler);
    expect(client.consumerState).toBe(ConsumerState.Running);
  });

  it('is_refused_while_another_one_runs_or_is_on_its_way', async () => {
    const client = new ProsodyClient();
    const first = client.subscribe(handler);
    await expect(client.subscribe(handler)).rejects.toMatchObject({ code: 'ALREADY_SUBSCRIBED' });
    await first;
    await expect(client.subscribe(handler)).rejects.toMatchObject({ code: 'ALREADY_SUBSCRIBED' });
    expect(FakeNative.last.calls).toEqual(['subscribe']);
  });

  it('is_possible_again_when_the_consumer_has_ended_by_itself', async () => {
    const client = new ProsodyClient();
    await client.subscribe(handler);
    FakeNative.last.ended();
    expect(client.consumerState).toBe(ConsumerState.Configured);
    await client.subscribe(handler);
    expect(client.consumerState).toBe(ConsumerState.Running);
    await client.unsubscribe();
    expect(FakeNative.last.calls).toEqual(['subscribe', 'subscribe', 'unsubscribe']);
  });

  it.each([[undefined], [null], [1], [{}], [{ onMessage: 'no' }]])(
    'rejects_the_handler_%s_and_asks_the_native_side_nothing',
    async (bad) => {
      const client = new ProsodyClient();
      await expect(client.subscribe(bad as never)).rejects.toBeInstanceOf(TypeError);
      expect(FakeNative.last.calls).toEqual([]);
      await client.subscribe(handler);
    },
  );
});

describe('unsubscribe', () => {
  it('resolves_at_once_without_a_subscription_and_twice', async () => {
    const client = new ProsodyClient();
    await client.unsubscribe();
    await client.subscribe(handler);
    await Promise.all([client.unsubscribe(), client.unsubscribe()]);
    await client.unsubscribe();
    expect(FakeNative.last.calls).toEqual(['subscribe', 'unsubscribe']);
    expect(client.consumerState).toBe(ConsumerState.Configured);
  });

  it('waits_for_a_pending_subscribe', async () => {
    const client = new ProsodyClient();
    const { opened, open } = gate();
    FakeNative.last.onSubscribe = () => opened;
    const subscribing = client.subscribe(handler);
    const left = client.unsubscribe();
    await turn();
    expect(FakeNative.last.calls).toEqual(['subscribe']);
    open();
    await Promise.all([subscribing, left]);
    expect(FakeNative.last.calls).toEqual(['subscribe', 'unsubscribe']);
  });

  it('leaves_nothing_after_a_pending_subscribe_that_fails', async () => {
    const client = new ProsodyClient();
    FakeNative.last.onSubscribe = () => Promise.reject(fault('X'));
    const subscribing = client.subscribe(handler);
    const left = client.unsubscribe();
    await expect(subscribing).rejects.toThrow();
    await left;
    expect(FakeNative.last.calls).toEqual(['subscribe']);
  });

  it('keeps_its_place_between_subscribes', async () => {
    const client = new ProsodyClient();
    const steps = [
      client.subscribe(handler),
      client.unsubscribe(),
      client.subscribe(handler),
      client.unsubscribe(),
    ];
    await Promise.all(steps);
    expect(FakeNative.last.calls).toEqual(['subscribe', 'unsubscribe', 'subscribe', 'unsubscribe']);
  });

  it('can_be_repeated_after_a_failure_that_nobody_awaited', async () => {
    const rejections = watchRejections();
    const { client, native } = await subscribed(handler);
    native.onUnsubscribe = () => Promise.reject(fault('X'));
    void client.unsubscribe();
    await turn();
    native.onUnsubscribe = () => Promise.resolve();
    await client.unsubscribe();
    expect(native.calls).toEqual(['subscribe', 'unsubscribe', 'unsubscribe']);
    expect(rejections).toEqual([]);
  });
});

describe('unsubscribe_inside_a_handler', () => {
  /** Drains as the native side does: until no call is open. */
  function draining(native: FakeNative, calls: number): void {
    native.onUnsubscribe = async () => {
      while (native.outcomes.length < calls) await turn();
    };
  }

  it.each([
    ['at_once', () => Promise.resolve()],
    ['after_an_await', turn],
  ])('does_not_wait_for_its_own_call_%s', async (_name, before) => {
    const done: string[] = [];
    let left: Promise<void> | undefined;
    const { client, native } = await subscribed({
      onMessage: async () => {
        await before();
        const helper = async (): Promise<void> => {
          await turn();
          left = client.unsubscribe();
          await left;
        };
        await helper();
        done.push('handler');
      },
    });
    draining(native, 1);
    native.deliver({ kind: 'message', index: 5 });
    while (done.length === 0) await turn();
    await client.unsubscribe();
    expect(native.outcomes).toEqual([{ index: 5, generation: 1, code: 0 }]);
    expect(client.consumerState).toBe(ConsumerState.Configured);
  });

  it('waits_for_the_other_calls', async () => {
    const { opened, open } = gate();
    const order: string[] = [];
    const { client, native } = await subscribed({
      onMessage: async (_context, message) => {
        await turn();
        if (message.key === 'slow') {
          await opened;
          order.push('slow ended');
        } else {
          await client.unsubscribe();
          order.push('unsubscribed');
        }
      },
    });
    draining(native, 2);
    native.deliver({ kind: 'message', index: 1, key: 'slow' }, { kind: 'message', index: 2, key: 'quick' });
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(order).toEqual([]);
    open();
    while (order.length < 2) await turn();
    expect(order).toEqual(['slow ended', 'unsubscribed']);
  });

  it('does_not_deadlock_when_two_handlers_ask', async () => {
    let ended = 0;
    const { client, native } = await subscribed({
      onMessage: async () => {
        await turn();
        await client.unsubscribe();
        ended += 1;
      },
    });
    draining(native, 2);
    native.deliver({ kind: 'message', index: 1 }, { kind: 'message', index: 2 });
    while (ended < 2) await turn();
    await client.unsubscribe();
    expect(native.outcomes).toHaveLength(2);
  });

  it('does_not_deadlock_when_a_second_handler_asks_later', async () => {
    const { opened, open } = gate();
    let ended = 0;
    const { client, native } = await subscribed({
      onMessage: async (_context, message) => {
        if (message.key === 'late') await opened;
        await client.unsubscribe();
        ended += 1;
      },
    });
    draining(native, 2);
    native.deliver({ kind: 'message', index: 1 }, { kind: 'message', index: 2, key: 'late' });
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(ended).toBe(0);
    open();
    while (ended < 2) await turn();
  });

  it('waits_for_everything_when_it_is_asked_outside_or_by_another_client', async () => {
    const { opened, open } = gate();
    const { client, native } = await subscribed({ onMessage: () => opened });
    draining(native, 1);
    native.deliver({ kind: 'message', index: 1 });
    let left = 0;
    const { native: other } = await subscribed({
      onMessage: async () => {
        await turn();
        await client.unsubscribe();
        left += 1;
      },
    });
    other.deliver({ kind: 'message', index: 1 });
    const outside = client.unsubscribe().then(() => (left += 1));
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(left).toBe(0);
    open();
    await outside;
    while (left < 2) await turn();
  });

  it('leaves_stack_traces_as_they_were', async () => {
    const { stackTraceLimit } = Error;
    const { client, native } = await subscribed({ onMessage: () => client.unsubscribe() });
    native.deliver({ kind: 'message' });
    await client.unsubscribe();
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    expect(new Error('x').stack).toContain('Error: x');
  });
});

describe('dispose', () => {
  it('unsubscribes_flushes_and_closes_once', async () => {
    const { client, native } = await subscribed(handler);
    await Promise.all([client[Symbol.asyncDispose](), client[Symbol.asyncDispose]()]);
    expect(native.calls).toEqual(['subscribe', 'unsubscribe', 'flush', 'close']);
    await expect(client.subscribe(handler)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(client.send('t', 'k', 1)).rejects.toMatchObject({ code: 'CLOSED' });
    await client.unsubscribe();
  });

  it('does_not_deadlock_inside_a_handler', async () => {
    let ended = 0;
    const { client, native } = await subscribed({
      onMessage: async () => {
        await turn();
        await client[Symbol.asyncDispose]();
        ended += 1;
      },
    });
    native.onUnsubscribe = async () => {
      while (native.outcomes.length < 1) await turn();
    };
    native.deliver({ kind: 'message' });
    while (ended === 0) await turn();
    await client[Symbol.asyncDispose]();
    expect(native.calls).toEqual(['subscribe', 'unsubscribe', 'flush', 'close']);
  });
});
