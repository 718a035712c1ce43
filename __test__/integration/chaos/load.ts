import { CompressionTypes, Kafka, type Producer, logLevel } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Committed } from './history.js';

/** A client that shares no code with the one under test. */
export function bystander(bootstrapServers: string): Kafka {
  return new Kafka({
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    // Coordinators of a fresh broker take their time, more so beside other work.
    retry: { initialRetryTime: 200, retries: 12, maxRetryTime: 5_000 },
  });
}

/** Sends messages at a steady rate and remembers what was acknowledged. */
export class Load {
  /** Last sequence number acknowledged for each key. */
  readonly produced = new Map<string, number>();
  sent = 0;
  readonly #producer: Producer;

  constructor(
    kafka: Kafka,
    private readonly topic: string,
    private readonly keys: number,
  ) {
    this.#producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  }

  /** Sends `count` messages, `perSecond` of them each second. Sequence numbers of a key rise by one. */
  async run(count: number, perSecond: number): Promise<void> {
    await this.#producer.connect();
    const batch = Math.max(1, Math.round(perSecond / 50));
    const began = performance.now();
    for (let done = 0; done < count; done += batch) {
      const messages = Array.from({ length: Math.min(batch, count - done) }, () => this.#next());
      await this.#producer.send({
        topic: this.topic,
        acks: -1,
        compression: CompressionTypes.None,
        messages,
      });
      this.sent += messages.length;
      const ahead = ((done + batch) / perSecond) * 1000 - (performance.now() - began);
      if (ahead > 0) await sleep(ahead);
    }
  }

  #next(): { key: string; value: string } {
    const key = `k${Math.floor(Math.random() * this.keys)}`;
    return this.message(key);
  }

  /** The next message of one key. */
  message(key: string): { key: string; value: string } {
    const seq = (this.produced.get(key) ?? -1) + 1;
    this.produced.set(key, seq);
    return { key, value: JSON.stringify({ seq, pad: 'x'.repeat(80) }) };
  }

  /** Sends these keys' next messages, in order. */
  async send(keys: string[]): Promise<void> {
    await this.#producer.connect();
    const messages = keys.map((key) => this.message(key));
    await this.#producer.send({ topic: this.topic, acks: -1, messages });
    this.sent += messages.length;
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/** Reads the group's committed offsets from the broker again and again. */
export class Watcher {
  readonly commits: Committed[] = [];
  readonly #admin;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(
    kafka: Kafka,
    private readonly group: string,
    private readonly topic: string,
  ) {
    this.#admin = kafka.admin();
  }

  async start(everyMs = 100): Promise<void> {
    await this.#admin.connect();
    this.#done = (async () => {
      while (!this.#stopped) {
        await this.look();
        await sleep(everyMs);
      }
    })();
  }

  /** The committed offsets now: partition to offset. */
  async look(): Promise<Map<number, number>> {
    const [answer] = await this.#admin.fetchOffsets({ groupId: this.group, topics: [this.topic] });
    const ns = process.hrtime.bigint();
    const offsets = new Map<number, number>();
    for (const { partition, offset } of answer?.partitions ?? []) {
      if (Number(offset) < 0) continue;
      offsets.set(partition, Number(offset));
      this.commits.push({ ns, partition, offset: Number(offset) });
    }
    return offsets;
  }

  /** Where each partition ends. */
  async ends(): Promise<Map<number, number>> {
    const ends = await this.#admin.fetchTopicOffsets(this.topic);
    return new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
  }

  async createTopic(partitions: number): Promise<void> {
    await this.#admin.connect();
    const topics = [{ topic: this.topic, numPartitions: partitions, replicationFactor: 1 }];
    await this.#admin.createTopics({ topics, waitForLeaders: true });
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    await this.#admin.disconnect();
  }
}
