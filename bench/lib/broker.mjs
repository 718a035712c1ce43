// Topics of the benchmark on a real Kafka: fixtures that are filled once, and fresh ones that are dropped after use.
import kafkajs from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ceiling } from './spawn.mjs';

export class Broker {
  #admin;
  #fixtures = new Set();
  #number = 0;
  #run = Date.now().toString(36);

  static async connect(bootstrap) {
    const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
    const broker = new Broker();
    broker.bootstrap = bootstrap;
    broker.#admin = kafka.admin();
    await broker.#admin.connect();
    return broker;
  }

  unique(name) {
    return `bench-${name}-${this.#run}-${++this.#number}`;
  }

  async fresh(name, partitions = 4) {
    const topic = this.unique(name);
    await this.#create(topic, partitions);
    return topic;
  }

  /** A topic of `count` records, filled once by the bare producer and read by every contestant. */
  async fixture({ count, keys = 4_000, bytes = 100, partitions = 4 }) {
    const topic = `bench-fixture-${count}-${keys}-${bytes}-${partitions}-${this.#run}`;
    if (!this.#fixtures.has(topic)) {
      await this.#create(topic, partitions);
      const config = { bootstrap: this.bootstrap, topic, count, keys, bytes, partitions };
      const filled = await ceiling('produce', config).result;
      if (filled.count !== count) throw new Error(`${topic}: ${JSON.stringify(filled)}`);
      this.#fixtures.add(topic);
    }
    return topic;
  }

  /** Reads a topic back with the bare consumer: acknowledged records that are missing, or a key out of order. */
  async verify(topic, { count, keys, partitions = 4 }) {
    const config = {
      bootstrap: this.bootstrap,
      topic,
      group: this.unique('verify'),
      count,
      keys,
      partitions,
    };
    const { count: found = 0, violations = -1 } = await ceiling('consume', { ...config, limitMs: 20_000 })
      .result;
    return { found, lost: count - found, violations };
  }

  async drop(topic) {
    await this.#admin.deleteTopics({ topics: [topic] }).catch(() => {});
  }

  async close() {
    for (const topic of this.#fixtures) await this.drop(topic);
    await this.#admin.disconnect();
  }

  async #create(topic, partitions) {
    const entry = { topic, numPartitions: partitions, replicationFactor: 1 };
    await this.#admin.createTopics({ topics: [entry], waitForLeaders: false });
    // kafkajs' own wait gives up on a broker that has not heard of the topic yet.
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#admin.fetchTopicOffsets(topic);
        return;
      } catch (error) {
        if (attempt >= 50) throw error;
        await sleep(200);
      }
    }
  }
}
