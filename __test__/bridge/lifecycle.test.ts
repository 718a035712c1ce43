import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ClosedError, ConsumerState, type Message, type ProsodyClient } from '../../src/index.js';
import { watchRejections } from '../unit/fake-native.js';
import { collect, lines, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

const dispose = (client: ProsodyClient): Promise<void> => client[Symbol.asyncDispose]();

describe('close', () => {
  it('may_be_called_twice_and_at_once', async () => {
    const client = mockClient();
    await collect(client);
    await Promise.all([dispose(client), dispose(client)]);
    await dispose(client);
    expect(client.consumerState).toBe(ConsumerState.Configured);
  });

  it('refuses_what_comes_after_it', async () => {
    const client = mockClient();
    await collect(client);
    await dispose(client);
    await expect(client.send('topic', 'key', 1)).rejects.toBeInstanceOf(ClosedError);
    await expect(client.subscribe({ onMessage: () => {} })).rejects.toBeInstanceOf(ClosedError);
    expect(await client.sendMany([{ topic: 'topic', key: 'key', payload: 1 }])).toMatchObject([
      { ok: false, error: { code: 'CLOSED' } },
    ]);
    await client.unsubscribe();
    await client.flush();
    expect([client.assignedPartitionCount, client.isStalled, client.sourceSystem]).toEqual([
      0,
      false,
      'tests',
    ]);
  });

  it('inside_a_handler_takes_effect_when_the_handler_has_returned', async () => {
    // A close that waited for the call it stands in would wait for this long.
    const client = mockClient({ shutdownTimeoutMs: 60_000 });
    let closed = false;
    await client.subscribe({
      async onMessage() {
        await dispose(client);
        closed = true;
      },
    });
    await client.send('topic', 'key', 1);
    await until(() => closed, 'the handler returned from its close');
    await until(() => client.consumerState === ConsumerState.Configured, 'the consumer left');
    await dispose(client);
    await expect(client.send('topic', 'key', 1)).rejects.toBeInstanceOf(ClosedError);
  });

  it('during_a_subscribe_waits_for_it_and_leaves_nothing_running', async () => {
    for (let round = 0; round < 20; round++) {
      const client = mockClient();
      const subscribed = client.subscribe({ onMessage: () => {} });
      await dispose(client);
      await subscribed;
      expect(client.consumerState).toBe(ConsumerState.Configured);
      expect(client.assignedPartitionCount).toBe(0);
    }
  });

  it('hands_over_what_was_sent_before_it', async () => {
    const client = mockClient();
    const sends = Array.from({ length: 1_000 }, (_, n) => client.send('topic', `key${n % 7}`, n));
    await dispose(client);
    await Promise.all(sends);
  });
});

describe('unsubscribe', () => {
  it('ends_within_shutdownTimeoutMs_of_a_handler_that_never_ends', async () => {
    const client = mockClient({ shutdownTimeoutMs: 500 });
    const reasons: unknown[] = [];
    let started = 0;
    await client.subscribe({
      async onMessage(_context, _message, signal) {
        started += 1;
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        await new Promise(() => {});
      },
    });
    await client.send('topic', 'key', 1);
    await until(() => started === 1, 'the handler started');
    const began = performance.now();
    await client.unsubscribe();
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(380);
    expect(tookMs).toBeLessThan(1_500);
    expect(reasons).toMatchObject([{ name: 'AbortError', message: 'the client is being unsubscribed' }]);
    expect(client.consumerState).toBe(ConsumerState.Configured);
  });

  it('leaves_the_message_of_an_unended_handler_to_the_next_member', async () => {
    const config = { bootstrapServers: 'unended:9092', shutdownTimeoutMs: 200 };
    const first = mockClient(config);
    let started = 0;
    await first.subscribe({
      onMessage: (_context, message) => {
        started += 1;
        return message.payload === 'stuck' ? new Promise(() => {}) : undefined;
      },
    });
    await first.sendMany(
      ['done', 'stuck', 'never'].map((payload) => ({ topic: 'topic', key: 'key', payload })),
    );
    await until(() => started === 2, 'the second message started');
    await first.unsubscribe();
    const seen = await collect(mockClient(config));
    await until(() => seen.length === 2, 'the rest came again');
    expect(seen.map(({ payload }) => payload)).toEqual(['stuck', 'never']);
  });

  it('may_be_followed_by_another_subscribe', async () => {
    const client = mockClient();
    const seen: Message[] = [];
    for (let round = 0; round < 10; round++) {
      await client.subscribe({ onMessage: (_context, message) => void seen.push(message) });
      await client.send('topic', 'key', round);
      await until(() => seen.length > round, `message ${round}`);
      await client.unsubscribe();
    }
    expect(seen.map(({ payload }) => payload)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(seen.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  it('keeps_a_key_whose_handler_has_not_ended_from_starting_again_in_the_next_subscription', async () => {
    const client = mockClient({ shutdownTimeoutMs: 200 });
    const running = new Set<string>();
    const calls: string[] = [];
    let end = (): void => {};
    const handler = {
      async onMessage(_context: unknown, message: Message) {
        const key = message.key!;
        if (running.has(key)) calls.push('twice at once');
        running.add(key);
        calls.push(`${key}${String(message.payload)}`);
        if (calls.length === 1) await new Promise<void>((resolve) => (end = resolve));
        running.delete(key);
      },
    };
    await client.subscribe(handler);
    await client.send('topic', 'stuck', 0);
    await until(() => calls.length === 1, 'the handler started');
    await client.unsubscribe();
    await client.subscribe(handler);
    await client.send('topic', 'stuck', 1);
    await client.send('topic', 'other', 0);
    await until(() => calls.includes('other0'), 'another key');
    expect(calls).toEqual(['stuck0', 'other0']);
    end();
    await until(() => calls.length === 4, 'the records of the stuck key');
    expect(calls).toEqual(['stuck0', 'other0', 'stuck0', 'stuck1']);
  });

  it('resolves_at_once_where_nothing_runs', async () => {
    await mockClient().unsubscribe();
  });
});

describe('subscribe', () => {
  it('that_fails_unawaited_is_logged_and_emitted_and_raises_nothing', async () => {
    const rejections = watchRejections();
    const client = mockClient({ groupId: null as never });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    void client.subscribe({ onMessage: () => {} });
    await until(() => errors.length === 1, 'the error event');
    await sleep(20);
    expect(rejections).toEqual([]);
    expect(errors).toMatchObject([{ code: 'CONFIGURATION' }]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(client.consumerState).toBe(ConsumerState.Unconfigured);
  });

  it('that_failed_can_be_repeated', async () => {
    const client = mockClient({ subscribedTopics: null as never });
    const handler = { onMessage: (): void => {} };
    await expect(client.subscribe(handler)).rejects.toThrow('subscribedTopics');
    await expect(client.subscribe(handler)).rejects.toThrow('subscribedTopics');
  });
});
