import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Message } from '../../src/index.js';
import { collect, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

const COUNT = 100_000;
const KEYS = 1_000;

it('every_message_of_100_000_sent_in_one_tick_succeeds_once_and_in_the_order_of_its_key', async () => {
  const config = { bootstrapServers: 'load:9092', maxConcurrency: 256 };
  const client = mockClient(config);
  const handled = new Uint8Array(COUNT);
  const last = new Map<string, number>();
  const open = new Set<string>();
  let wrong = 0;
  let done = 0;
  await client.subscribe({
    async onMessage(_context, message) {
      const n = message.payload as number;
      const key = message.key!;
      if (open.has(key) || (last.get(key) ?? -1) >= n) wrong += 1;
      open.add(key);
      last.set(key, n);
      // Some calls end at once, some in a microtask, some in a later turn.
      if (n % 3 === 1) await Promise.resolve();
      if (n % 100 === 2) await sleep(1);
      open.delete(key);
      handled[n]! += 1;
      done += 1;
    },
  });
  const sends: Promise<void>[] = [];
  for (let n = 0; n < COUNT; n++) sends.push(client.send('topic', `key${n % KEYS}`, n));
  await Promise.all(sends);
  await until(() => done === COUNT, 'all messages', 50_000);
  expect(wrong).toBe(0);
  expect(handled.every((times) => times === 1)).toBe(true);
  await client.unsubscribe();

  // Had an outcome got lost, its message would come again here.
  const again = await collect(mockClient(config));
  await client.send('topic', 'end', 'end');
  await until(() => again.length > 0, 'the message after the end');
  expect(again.map(({ payload }) => payload)).toEqual(['end']);
}, 60_000);

it('a_failing_first_attempt_of_every_tenth_message_is_seen_exactly_once_more', async () => {
  const client = mockClient({ deferBaseMs: 5, deferMaxDelayMs: 10 });
  const attempts = Array.from({ length: 2_000 }, (): number[] => []);
  let done = 0;
  await client.subscribe({
    onMessage(_context, message: Message) {
      const n = message.payload as number;
      attempts[n]!.push(message.attempt);
      if (n % 10 === 0 && message.attempt === 1) throw new Error('not now');
      done += 1;
    },
  });
  await client.sendMany(attempts.map((_, n) => ({ topic: 'topic', key: `key${n % 50}`, payload: n })));
  await until(() => done === attempts.length, 'all messages', 30_000);
  expect(attempts.every((seen, n) => String(seen) === (n % 10 === 0 ? '1,2' : '1'))).toBe(true);
}, 40_000);

it('an_event_loop_that_is_blocked_for_two_seconds_loses_and_doubles_nothing', async () => {
  const client = mockClient({ bootstrapServers: 'blocked:9092', commitIntervalMs: 100 });
  const seen: number[] = [];
  await client.subscribe({
    onMessage(_context, message) {
      seen.push(message.payload as number);
      if (seen.length === 100) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    },
  });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await sleep(30);
  await client.sendMany(
    Array.from({ length: 5_000 }, (_, n) => ({ topic: 'topic', key: `key${n % 20}`, payload: n })),
  );
  await until(() => seen.length >= 5_000, 'all messages');
  await client.unsubscribe();
  expect(delay.max).toBeGreaterThan(1.9e9);
  expect(new Set(seen).size).toBe(5_000);
  expect(seen).toHaveLength(5_000);
});

it('sends_that_wait_for_each_other_and_sends_at_once_keep_the_order_of_their_key', async () => {
  const client = mockClient();
  const messages = await collect(client);
  const sends: Promise<unknown>[] = [];
  for (let n = 0; n < 300; n += 3) {
    sends.push(client.send('topic', 'key', n));
    sends.push(client.sendMany([n + 1, n + 2].map((payload) => ({ topic: 'topic', key: 'key', payload }))));
    if (n % 30 === 0) await sends.at(-1);
  }
  await Promise.all(sends);
  await until(() => messages.length === 300, 'all messages');
  expect(messages.map(({ payload }) => payload)).toEqual(Array.from({ length: 300 }, (_, n) => n));
});
