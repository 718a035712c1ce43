// What does not run, and why: told to the mock broker and to a real Kafka alike.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AdminClient,
  type Configuration,
  type Message,
  PermanentError,
  ProsodyClient,
} from '../../src/index.js';

interface Sent {
  key: string | null;
  id?: string | number;
  type?: string | number;
  /** How the first attempt fails. */
  fails?: 'once' | 'permanently';
  /** Sent by the consumer's own group. */
  own?: boolean;
}

/** What came of it. */
export interface Skips {
  sent: number;
  ran: Record<string, string[]>;
  skipped: Record<string, number>;
}

const BEFORE: Sent[] = [
  { key: 'a', id: '1' },
  { key: 'a', id: '2' },
  { key: 'a', id: '1' },
  // The same id of another key, and of none.
  { key: 'b', id: '1' },
  { key: null, id: '1' },
  { key: null, id: '1' },
  // Without an id every message is one of its own.
  { key: 'c' },
  { key: 'c', id: '' },
  { key: 'c', id: '' },
  // A number is an id, however it is written.
  { key: 'n', id: 7 },
  { key: 'n', id: '7' },
  // Twins of what failed: parked is not processed, disposed of is.
  { key: 'd', id: '1', fails: 'once' },
  { key: 'd', id: '1' },
  { key: 'e', id: '1', fails: 'permanently' },
  { key: 'e', id: '1' },
  { key: 'f', type: 'order.created' },
  { key: 'f', type: 'payment.made' },
  { key: 'f', type: 7 },
  { key: 'f', own: true },
  { key: 'f' },
];

const AFTER: Sent[] = [
  { key: 'a', id: '2' },
  { key: 'a', id: '3' },
];

/** What is to come of it: by key what ran, and how many were skipped for which reason. */
export const SKIPS: Skips = {
  sent: BEFORE.length + AFTER.length,
  ran: {
    a: ['1', '2', '3'],
    b: ['1'],
    none: ['1'],
    c: ['none', '', ''],
    n: ['7'],
    d: ['1 fails', '1'],
    e: ['1 fails'],
    f: ['order.created', '7', 'none'],
  },
  skipped: {
    'duplicate a: its id was processed': 2,
    'duplicate none: its id was processed': 1,
    'duplicate n: its id was processed': 1,
    'duplicate d: its id was processed': 1,
    'duplicate e: its id was processed': 1,
    'skipped f: its type is not one of allowedEvents': 1,
    'skipped f: its own group has sent it': 1,
  },
};

/** Plays it with one consumer, which leaves and comes back in between. */
export async function playSkips(topic: string, config: Configuration): Promise<Skips> {
  const ran: Record<string, string[]> = {};
  const skipped: Record<string, number> = {};
  let finished = 0;
  await new AdminClient(config).createTopic(topic, 3, 1);
  const group = `${topic}-group`;
  const consumer = new ProsodyClient({
    groupId: group,
    subscribedTopics: topic,
    allowedEvents: ['order.', 'refund.'],
    deferBaseMs: 20,
    commitIntervalMs: 50,
    probePort: null,
    ...config,
  });
  const senders = [group, 'somebody'].map((sourceSystem) => new ProsodyClient({ ...config, sourceSystem }));
  for (const name of ['duplicate', 'skipped'] as const) {
    consumer.on(name, ({ key, reason, topic: of, offset }) => {
      if (of !== topic || !(offset >= 0)) throw new Error(`${of} ${offset}`);
      const line = `${name} ${key ?? 'none'}: ${reason}`;
      skipped[line] = (skipped[line] ?? 0) + 1;
      finished += 1;
    });
  }

  const onMessage = async (_context: unknown, message: Message): Promise<void> => {
    await sleep(1); // others get their turn
    const { id, type, fails } = message.payload as Sent;
    const fail = fails === 'permanently' || (fails === 'once' && message.attempt === 1);
    const name = String(id ?? type ?? 'none');
    (ran[message.key ?? 'none'] ??= []).push(fail ? `${name} fails` : name);
    if (!fail || fails === 'permanently') finished += 1;
    if (fails === 'permanently') throw new PermanentError('as planned');
    if (fail) throw new Error('as planned');
  };
  const send = async (list: Sent[]): Promise<void> => {
    for (const { key, own, ...payload } of list)
      await senders[own ? 0 : 1]!.send(topic, key, payload as never);
  };
  const settle = async (count: number): Promise<void> => {
    const limit = Date.now() + 30_000;
    while (finished < count) {
      if (Date.now() > limit) throw new Error(`${finished} of ${count}: ${JSON.stringify([ran, skipped])}`);
      await sleep(10);
    }
  };

  try {
    await consumer.subscribe({ onMessage });
    await send(BEFORE);
    await settle(BEFORE.length);
    await consumer.unsubscribe();
    await consumer.subscribe({ onMessage });
    await send(AFTER);
    await settle(SKIPS.sent);
  } finally {
    await Promise.all([consumer, ...senders].map((client) => client[Symbol.asyncDispose]()));
  }
  return { sent: finished, ran, skipped };
}
