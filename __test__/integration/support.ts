import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka, Producer, ProducerConfig } from 'kafkajs';
import { afterEach, beforeEach, inject } from 'vitest';
import {
  type Configuration,
  type Handler,
  type Message,
  ProsodyClient,
  type ProsodyError,
  setLogger,
} from '../../src/index.js';
import { bystander } from './chaos/load.js';
import { teachLz4 } from './lz4.js';

teachLz4();

/** One thing that a client told: a log line or an event. */
export interface Told {
  level: string;
  message: string;
  metadata: unknown;
}

/** Lines that were logged in this test, by any client. */
export const logged: Told[] = [];

// Bounded by the tests: each takes what it opened with it.
const opened: { close(): Promise<unknown> }[] = [];

/** Has this closed after the test, in reverse order. */
export function closing<T extends { close(): Promise<unknown> }>(thing: T): T {
  opened.push(thing);
  return thing;
}

/** Collects what is logged, and closes what a test has opened, in each test of the file. */
export function withKafka(): void {
  beforeEach(() => {
    logged.length = 0;
    const at = (level: string) => (message: string, metadata?: unknown) => {
      logged.push({ level, message, metadata });
    };
    setLogger({
      trace: at('trace'),
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    });
  });
  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });
}

/** Waits for something to become true; says what did not, and what was logged. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 30_000,
): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > limit) {
      const lines = logged.slice(-12).map(({ level, message }) => `  ${level} ${message}`);
      throw new Error(`after ${limitMs} ms not yet: ${what}\n${lines.join('\n')}`);
    }
    await sleep(20);
  }
}

/** What stays true for a while: the only use of time as such, for things that must not happen. */
export async function stays(holds: () => boolean, what: string, forMs: number): Promise<void> {
  const limit = Date.now() + forMs;
  while (Date.now() < limit) {
    if (!holds()) throw new Error(`not so any more: ${what}`);
    await sleep(20);
  }
}

export const unique = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`;

/** kafkajs, which shares no code with the client under test. */
export function other(bootstrapServers = inject('kafka').bootstrapServers): Kafka {
  return bystander(bootstrapServers);
}

// One a broker and test; `closing` takes them away.
const admins = new Map<string, Promise<Admin>>();

/** An admin client of kafkajs. */
export function admin(bootstrapServers = inject('kafka').bootstrapServers): Promise<Admin> {
  const there = admins.get(bootstrapServers);
  if (there) return there;
  const connected = other(bootstrapServers).admin();
  const ready = connected.connect().then(() => connected);
  admins.set(bootstrapServers, ready);
  closing({
    close: async () => {
      admins.delete(bootstrapServers);
      await connected.disconnect();
    },
  });
  return ready;
}

/** Makes a topic with kafkajs and waits until its partitions can be used. */
export async function makeTopic(
  topic: string,
  partitions = 4,
  config: Record<string, string> = {},
  bootstrapServers?: string,
): Promise<void> {
  const connected = await admin(bootstrapServers);
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await connected.createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
    waitForLeaders: false, // on a broker that has just started kafkajs takes "not yet" for an error
  });
  const there = async (): Promise<boolean> => {
    const found = await connected.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
    const leaders = found?.topics[0]?.partitions.filter(({ leader }) => leader >= 0);
    return leaders?.length === partitions;
  };
  await until(there, `topic ${topic} is there`);
}

/** A new topic of a name that nobody else uses. */
export async function newTopic(
  name: string,
  partitions = 4,
  config: Record<string, string> = {},
  bootstrapServers?: string,
): Promise<string> {
  const topic = unique(name);
  await makeTopic(topic, partitions, config, bootstrapServers);
  return topic;
}

/** A producer of kafkajs; idempotent, because it repeats what was stored when a new topic's leader is not ready. */
export async function otherProducer(config: ProducerConfig = {}): Promise<Producer> {
  const producer = other().producer({ idempotent: true, maxInFlightRequests: 1, ...config });
  await producer.connect();
  closing({ close: () => producer.disconnect() });
  return producer;
}

/** The group's committed offsets as kafkajs reads them, and their metadata. */
export async function committed(
  group: string,
  topic: string,
  bootstrapServers?: string,
): Promise<Map<number, { offset: number; metadata: string | null }>> {
  const [answer] = await (await admin(bootstrapServers)).fetchOffsets({ groupId: group, topics: [topic] });
  const entries = answer?.partitions ?? [];
  return new Map(
    entries.map(({ partition, offset, metadata }) => [partition, { offset: Number(offset), metadata }]),
  );
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port to be had');
  return address.port;
}

/** What a client saw and told. */
export class Subject {
  readonly client: ProsodyClient;
  readonly messages: Message[] = [];
  readonly errors: (ProsodyError & Error)[] = [];
  readonly assigned: { topic: string; partition: number }[] = [];
  readonly revoked: { topic: string; partition: number }[] = [];

  constructor(config: Configuration) {
    this.client = new ProsodyClient({
      bootstrapServers: inject('kafka').bootstrapServers,
      probePort: null,
      commitIntervalMs: 100,
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 500,
      sendTimeoutMs: 20_000,
      ...config,
    });
    this.client.on('error', (error) => this.errors.push(error as ProsodyError));
    this.client.on('assigned', ({ partitions }) => this.assigned.push(...partitions));
    this.client.on('revoked', ({ partitions }) => this.revoked.push(...partitions));
  }

  /** Subscribes with a handler that writes down what it gets. */
  async listens(handle?: NonNullable<Handler['onMessage']>): Promise<this> {
    await this.client.subscribe({
      onMessage: async (context, message, signal) => {
        this.messages.push(message);
        await handle?.(context, message, signal);
      },
    });
    return this;
  }

  /** Waits for so many messages. */
  async got(count: number, limitMs?: number): Promise<Message[]> {
    await until(
      () => this.messages.length >= count,
      `${count} messages, there are ${this.messages.length}`,
      limitMs,
    );
    return this.messages;
  }

  /** Waits for an error event with this code. */
  async failed(code: string, limitMs?: number): Promise<ProsodyError> {
    const find = () => this.errors.find((error) => error.code === code);
    await until(() => find() !== undefined, `an error event ${code}`, limitMs);
    return find()!;
  }

  close(): Promise<void> {
    return this.client[Symbol.asyncDispose]();
  }
}

/** A client that only sends. */
export function sender(config: Configuration = {}): Subject {
  return closing(new Subject(config));
}

/** A client that has not subscribed yet. */
export function member(topics: string | string[], config: Configuration = {}): Subject {
  // A name of its own: a client skips what its own group has sent.
  const ours = { groupId: unique('group'), subscribedTopics: topics, sourceSystem: 'tests' };
  return closing(new Subject({ ...ours, ...config }));
}

/** Everything in a topic as kafkajs reads it, with raw bytes, once `count` records are there. */
export async function readBack(topic: string, count: number): Promise<Found[]> {
  const consumer = other().consumer({
    groupId: unique('reader'),
    sessionTimeout: 10_000,
    maxWaitTimeInMs: 100,
  });
  const found: Found[] = [];
  closing({ close: () => consumer.disconnect() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let crash: Error | undefined;
  consumer.on('consumer.crash', ({ payload }) => (crash = payload.error));
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      found.push({ partition, ...message } as Found);
    },
  });
  const done = (): boolean => {
    if (crash) throw crash;
    return found.length >= count;
  };
  await until(done, `kafkajs has read ${count} records of ${topic}`);
  return found;
}

export interface Found {
  partition: number;
  offset: string;
  timestamp: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
}
