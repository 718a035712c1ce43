import { describe, expect, it } from 'vitest';
import { type Context, type Message, PermanentError, TransientError } from '../../src/index.js';
import { lines, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

const QUICK = { deferBaseMs: 10, deferMaxDelayMs: 40, retryBaseMs: 10, maxRetryDelayMs: 40 };

/** Runs `handle` on messages 0, 1, 2 of one key until all have succeeded or been disposed of; gives what was called. */
async function run(
  handle: (message: Message, context: Context, signal: AbortSignal) => unknown,
  config: object = {},
): Promise<string[]> {
  const client = mockClient({ ...QUICK, ...config });
  const calls: string[] = [];
  let last = false;
  await client.subscribe({
    async onMessage(context, message, signal) {
      calls.push(`${String(message.payload)}/${message.attempt}`);
      await handle(message, context, signal);
      last = message.payload === 2;
    },
  });
  await client.sendMany([0, 1, 2].map((payload) => ({ topic: 'topic', key: 'key', payload })));
  await until(() => last, `message 2 succeeded after ${calls.join(' ')}`);
  await client.unsubscribe();
  return calls;
}

const fails = (error: unknown, when: (message: Message) => boolean) => (message: Message) => {
  if (when(message)) throw error;
};
const first = ({ payload, attempt }: Message): boolean => payload === 0 && attempt === 1;

describe('a transient failure', () => {
  it('is_tried_again_with_a_higher_attempt_before_the_next_of_its_key', async () => {
    const twice = ({ payload, attempt }: Message): boolean => payload === 1 && attempt < 4;
    expect(await run(fails(new Error('not now'), twice))).toEqual(['0/1', '1/1', '1/2', '1/3', '1/4', '2/1']);
    const told = lines.filter(({ message }) => message.startsWith('a handler failed'));
    expect(told).toHaveLength(3);
    expect(told[0]?.metadata).toMatchObject({
      topic: 'topic',
      offset: 1,
      attempt: 1,
      error: 'Error: not now',
    });
  });

  it('waits_at_least_retryAfterMs', async () => {
    const at: number[] = [];
    await run((message) => {
      if (message.payload === 0) at.push(performance.now());
      if (first(message)) throw new TransientError('later', { retryAfterMs: 300 });
    });
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(299);
  });

  it('may_be_anything_that_can_be_thrown', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['cause'] = cyclic;
    const hostile = new Proxy({}, { get: () => { throw new Error('hostile'); } }); // prettier-ignore
    const thrown = [undefined, null, 0, 'text', Symbol('s'), 1n, Object.freeze(new Error('frozen')), cyclic];
    for (const error of [...thrown, hostile, () => {}, new Error('m'.repeat(10_000_000))]) {
      expect(await run(fails(error, first))).toEqual(['0/1', '0/2', '1/1', '2/1']);
    }
    const longest = Math.max(...lines.map(({ metadata }) => JSON.stringify(metadata ?? null).length));
    expect(longest).toBeLessThan(8_192);
  }, 60_000);

  it('is_a_thenable_that_throws_and_one_that_resolves_twice_counts_once', async () => {
    const calls = await run((message) => ({
      then(resolve: (value: unknown) => void) {
        if (first(message)) throw new Error('a thenable threw');
        resolve(1);
        resolve(2);
      },
    }));
    expect(calls).toEqual(['0/1', '0/2', '1/1', '2/1']);
  });
});

describe('a permanent failure', () => {
  it('is_said_with_its_facts_and_the_key_goes_on', async () => {
    const calls = await run(fails(new PermanentError('no such order'), ({ payload }) => payload === 1));
    expect(calls).toEqual(['0/1', '1/1', '2/1']);
    const told = lines.filter(({ message }) => message.startsWith('a record failed for good'));
    expect(told).toMatchObject([
      {
        level: 'error',
        metadata: { topic: 'topic', offset: 1, attempts: 1, error: 'PermanentError: no such order' },
      },
    ]);
  });

  const blockFor = (ms: number) => () => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  // Outcomes of many calls at once, and an event loop that is busy while they are told of.
  const failing = async (count: number, afterwards = (): void => undefined): Promise<number> => {
    const client = mockClient({ maxConcurrency: count, maxUncommitted: 2 * count });
    let started = 0;
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<never>((_resolve, reject) => (fail = reject));
    failed.catch(() => {});
    await client.subscribe({
      onMessage: () => {
        started += 1;
        return failed;
      },
    });
    await client.sendMany(
      Array.from({ length: count }, (_, n) => ({ topic: 'topic', key: `key${n}`, payload: n })),
    );
    await until(() => started === count, 'every handler started');
    const held = client.assignedPartitionCount;
    let revoked = 0;
    client.on('revoked', ({ partitions }) => (revoked += partitions.length));
    fail(new PermanentError('no such order'));
    // A good many microtasks later every call has ended.
    for (let task = 0; task < 20; task++) await Promise.resolve();
    afterwards();
    const busy = setInterval(() => {
      const end = performance.now() + 100;
      while (performance.now() < end);
    }, 0);
    setTimeout(() => clearInterval(busy), 1_500);
    await client.unsubscribe();
    await until(() => revoked === held, 'the events that the partitions are gone');
    return lines.filter(({ message }) => message.startsWith('a record failed for good')).length;
  };

  it('is_said_of_each_of_thousands_at_once', async () => {
    expect(await failing(4_000)).toBe(4_000);
  }, 60_000);

  it('that_is_not_said_is_counted', async () => {
    const said = await failing(20_000, blockFor(1_500));
    const dropped = lines.filter(({ message }) => message.startsWith('log lines or events were dropped'));
    const counted = dropped.reduce((sum, { metadata }) => sum + (metadata?.['lines'] as number), 0);
    // The lines of the partitions that went may be among them.
    expect(said + counted).toBeGreaterThanOrEqual(20_000);
    expect(said + counted).toBeLessThanOrEqual(20_004);
    expect(said).toBeLessThan(20_000);
  }, 60_000);

  it('is_marked_by_any_object_with_isPermanent', async () => {
    const error = Object.assign(new Error('marked'), { isPermanent: true });
    expect(await run(fails(error, ({ payload }) => payload === 0))).toEqual(['0/1', '1/1', '2/1']);
  });

  it('is_a_value_that_is_no_JSON', async () => {
    const client = mockClient(QUICK);
    const seen: unknown[] = [];
    await client.subscribe({ onMessage: (_context, message) => void seen.push(message.payload) });
    await client.send('topic', 'key', Buffer.from('{"card": "4711'));
    await client.send('topic', 'key', 'next');
    await until(() => seen.length === 1, 'the next message');
    expect(seen).toEqual(['next']);
    expect(JSON.stringify(lines)).not.toContain('4711');
  });
});

describe('a deadline', () => {
  it('fires_the_signal_after_timeoutMs', async () => {
    let tookMs = 0;
    let reason: unknown;
    let context: Context | undefined;
    const calls = await run(
      async (message, given, signal) => {
        if (!first(message)) return;
        context = given;
        const began = performance.now();
        await Promise.all([
          given.onCancel(),
          new Promise((resolve) => signal.addEventListener('abort', resolve)),
        ]);
        tookMs = performance.now() - began;
        reason = signal.reason;
        signal.throwIfAborted();
      },
      { timeoutMs: 200 },
    );
    expect(tookMs).toBeGreaterThan(190);
    expect(tookMs).toBeLessThan(1_500);
    expect(reason).toMatchObject({ name: 'TimeoutError' });
    expect(context?.shouldCancel).toBe(true);
    expect(calls).toEqual(['0/1', '0/2', '1/1', '2/1']);
  });
});
