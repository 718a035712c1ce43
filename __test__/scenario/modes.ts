import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  AdminClient,
  type Configuration,
  type DeadLetteredEvent,
  type Handler,
  type Message,
  Mode,
  PermanentError,
  ProsodyClient,
  type RecordEvent,
} from '../../src/index.js';

// What a failure leads to in each mode: the same tests for the mock broker and for a real Kafka.

const QUICK = {
  deferBaseMs: 10,
  deferMaxDelayMs: 40,
  retryBaseMs: 10,
  maxRetryDelayMs: 40,
  commitIntervalMs: 50,
};

const SOURCE_HEADERS = [
  'source-topic',
  'source-partition',
  'source-offset',
  'source-timestamp',
  'source-group-id',
  'source-kind',
  'source-error',
  'source-attempts',
];

/** One broker, and the clients of one test on it. */
class Stage {
  private readonly clients: ProsodyClient[] = [];

  constructor(
    private readonly config: Configuration,
    readonly topic: string,
  ) {}

  async topics(...names: string[]): Promise<void> {
    const admin = new AdminClient(this.config);
    for (const name of names) await admin.createTopic(name, 3, 1);
  }

  async subscribe(
    groupId: string,
    topic: string,
    handler: Handler,
    config: Configuration = {},
  ): Promise<ProsodyClient> {
    const client = new ProsodyClient({
      probePort: null,
      groupId,
      subscribedTopics: topic,
      ...QUICK,
      ...this.config,
      ...config,
    });
    this.clients.push(client);
    await client.subscribe(handler);
    return client;
  }

  sender(): ProsodyClient {
    const client = new ProsodyClient({ sourceSystem: 'shop', ...this.config });
    this.clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client[Symbol.asyncDispose]()));
  }
}

async function until(holds: () => boolean, what: () => string): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(`not yet: ${what()}`);
    await sleep(10);
  }
}

/** Everything of a message that has to survive the way through a failure topic. */
function bytesOf(message: Message): unknown {
  const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');
  return {
    key: hex(message.rawKey),
    value: hex(message.rawPayload),
    timestamp: message.timestamp.getTime(),
    headers: message.headers.raw.map(([name, value]) => [name, hex(value)]),
  };
}

/** Registers the tests; `config` names the broker, `unique` makes topic names. */
export function modes(config: () => Configuration, unique: (name: string) => string): void {
  const on = (name: string, body: (stage: Stage) => Promise<void>): void => {
    test(name, async () => {
      const stage = new Stage(config(), unique('modes'));
      try {
        await body(stage);
      } finally {
        await stage.close();
      }
    });
  };

  on('a_permanent_failure_goes_to_the_failure_topic_byte_for_byte', async (stage) => {
    const { topic } = stage;
    const dead = `${topic}.dead`;
    await stage.topics(topic, dead);
    const seen: unknown[] = [];
    const letters: Message[] = [];
    const events: DeadLetteredEvent[] = [];
    const ok: unknown[] = [];
    const client = await stage.subscribe(
      `${topic}-group`,
      topic,
      {
        onMessage(_context, message) {
          if (message.rawPayload?.[0] !== 0xff) return void ok.push(message.payload);
          seen.push(bytesOf(message));
          throw new PermanentError('no such customer');
        },
      },
      { failureTopic: '{topic}.dead' },
    );
    client.on('deadLettered', (event) => events.push(event));
    await stage.subscribe(`${topic}-reader`, dead, { onMessage: (_, message) => void letters.push(message) });

    const headers: [string, Uint8Array | null][] = Array.from({ length: 8 }, (_, index) => [
      index % 2 === 0 ? `binary-${index}` : 'again',
      Uint8Array.of(0xff, 0xfe, index, 0, 0x80),
    ]);
    headers.push(['empty', new Uint8Array(0)], ['null', null]);
    await stage.sender().sendMany([
      { topic, key: 'k', payload: Uint8Array.of(0xff, 0, 0xc3, 0x28), headers, timestamp: 1_700_000_000_123 },
      { topic, key: 'k', payload: 'after' },
    ]);
    await until(
      () => letters.length > 0 && ok.length > 0 && events.length > 0,
      () => `${letters.length} dead letters, ${ok.length} after it, ${events.length} events`,
    );

    const letter = letters[0]!;
    const all = bytesOf(letter) as { headers: [string, string | null][] };
    const added = all.headers.slice(-SOURCE_HEADERS.length);
    expect({ ...all, headers: all.headers.slice(0, -SOURCE_HEADERS.length) }).toEqual(seen[0]);
    // The sender's own header is one of them; ours is not.
    expect(letter.headers.getAll('source-system')).toEqual(['shop']);
    expect(added.map(([name]) => name)).toEqual(SOURCE_HEADERS);
    const event = events[0]!;
    expect(SOURCE_HEADERS.map((name) => letter.headers.get(name))).toEqual([
      topic,
      String(event.partition),
      String(event.offset),
      '1700000000123',
      `${topic}-group`,
      'message',
      expect.stringContaining('no such customer'),
      '1',
    ]);
    expect(event).toMatchObject({ topic, key: 'k', deadLetterTopic: dead, attempts: 1 });
    expect(seen).toHaveLength(1);
    expect(ok).toEqual(['after']);
  });

  on('low_latency_makes_one_attempt_more_than_retries_and_then_a_dead_letter', async (stage) => {
    const { topic } = stage;
    await stage.topics(topic, `${topic}.dead`);
    const calls: string[] = [];
    const events: DeadLetteredEvent[] = [];
    const client = await stage.subscribe(
      `${topic}-group`,
      topic,
      {
        onMessage(_context, message) {
          calls.push(`${String(message.payload)}/${message.attempt}`);
          if (message.payload === 'bad') throw new Error('not now');
        },
      },
      { mode: Mode.LowLatency, maxRetries: 2, failureTopic: `${topic}.dead` },
    );
    client.on('deadLettered', (event) => events.push(event));
    await stage.sender().sendMany(['bad', 'good'].map((payload) => ({ topic, key: 'k', payload })));
    await until(
      () => calls.includes('good/1') && events.length > 0,
      () => calls.join(' '),
    );
    expect(calls).toEqual(['bad/1', 'bad/2', 'bad/3', 'good/1']);
    expect(events.map(({ attempts, reason }) => [attempts, reason])).toEqual([[3, 'Error: not now']]);
  });

  on('pipeline_gives_a_transient_failure_up_where_deadLetterAfter_says', async (stage) => {
    const { topic } = stage;
    await stage.topics(topic, `${topic}.dead`);
    const calls: number[] = [];
    const events: DeadLetteredEvent[] = [];
    const fails: Handler = {
      onMessage(_context, message) {
        calls.push(message.attempt);
        throw new Error('not now');
      },
    };
    const config = { failureTopic: '{topic}.dead', deadLetterAfter: { attempts: 4 } };
    const client = await stage.subscribe(`${topic}-group`, topic, fails, config);
    client.on('deadLettered', (event) => events.push(event));
    await stage.sender().send(topic, 'k', 1);
    await until(
      () => events.length > 0,
      () => calls.join(' '),
    );
    expect(calls).toEqual([1, 2, 3, 4]);
  });

  on('best_effort_without_a_failure_topic_makes_one_attempt_and_goes_on', async (stage) => {
    const { topic } = stage;
    await stage.topics(topic);
    const calls: string[] = [];
    const events: unknown[] = [];
    const client = await stage.subscribe(
      `${topic}-group`,
      topic,
      {
        onMessage(_context, message) {
          calls.push(`${String(message.payload)}/${message.attempt}`);
          if (message.payload === 0) throw new Error('not now');
          if (message.payload === 1) throw new PermanentError('never');
        },
      },
      { mode: Mode.BestEffort },
    );
    client.on('deadLettered', (event) => events.push(event));
    await stage.sender().sendMany([0, 1, 2].map((payload) => ({ topic, key: 'k', payload })));
    await until(
      () => calls.includes('2/1'),
      () => calls.join(' '),
    );
    await client.unsubscribe();
    // What was given up is committed: the group does not see it again.
    await client.subscribe({
      onMessage: (_, message) => void calls.push(`again ${String(message.payload)}`),
    });
    await stage.sender().send(topic, 'k', 'last');
    await until(
      () => calls.includes('again last'),
      () => calls.join(' '),
    );
    expect(calls).toEqual(['0/1', '1/1', '2/1', 'again last']);
    expect(events).toEqual([]);
  });

  on('a_replay_reaches_only_the_group_it_names', async (stage) => {
    const { topic } = stage;
    await stage.topics(topic);
    const seen = new Map<string, unknown[]>();
    const skipped: RecordEvent[] = [];
    for (const group of [`${topic}-one`, `${topic}-two`]) {
      const payloads: unknown[] = [];
      seen.set(group, payloads);
      const handler: Handler = { onMessage: (_, message) => void payloads.push(message.payload) };
      const client = await stage.subscribe(group, topic, handler);
      if (group.endsWith('-two')) client.on('skipped', (event) => skipped.push(event));
    }
    const replay = { 'replay-group': `${topic}-one`, 'replay-id': '1' };
    await stage.sender().sendMany([
      { topic, key: 'k', payload: 'for one', headers: replay },
      { topic, key: 'k', payload: 'half a replay', headers: { 'replay-group': `${topic}-one` } },
      { topic, key: 'k', payload: 'for all' },
    ]);
    await until(
      () => [...seen.values()].every((payloads) => payloads.includes('for all')) && skipped.length > 0,
      () => JSON.stringify([...seen]),
    );
    expect([...seen.values()]).toEqual([
      ['for one', 'half a replay', 'for all'],
      ['half a replay', 'for all'],
    ]);
    expect(skipped).toMatchObject([{ topic, key: 'k', reason: expect.stringContaining('group') as string }]);
  });
}
