import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import {
  AdminClient,
  type Configuration,
  type Message,
  ProsodyClient,
  type SendRecord,
  setLogger,
} from '../../src/index.js';

const QUICK: Configuration = {
  probePort: null,
  commitIntervalMs: 50,
  deferBaseMs: 10,
  retryBaseMs: 10,
  shutdownTimeoutMs: 10_000,
};

/** A line that was logged. */
export interface Line {
  level: string;
  message: string;
  metadata: unknown;
}

/** One topic of one test on whatever broker the configuration names, and who reads and writes it. */
export class Stage {
  /** What was logged in this test. */
  readonly lines: Line[] = [];
  private readonly clients: ProsodyClient[] = [];
  private sender: ProsodyClient | undefined;

  private constructor(
    private readonly config: Configuration,
    readonly topic: string,
  ) {
    const at =
      (level: string) =>
      (message: string, metadata?: unknown): void => {
        this.lines.push({ level, message, metadata });
      };
    const [trace, debug, info, warn, error] = ['trace', 'debug', 'info', 'warn', 'error'].map(at);
    setLogger({ trace: trace!, debug: debug!, info: info!, warn: warn!, error: error! });
  }

  /** Registers a test with a topic of so many partitions. */
  static test(
    name: string,
    partitions: number,
    config: () => Configuration,
    topic: () => string,
    body: (stage: Stage) => Promise<void>,
  ): void {
    test(name, async () => {
      const stage = new Stage(config(), topic());
      try {
        await new AdminClient(stage.config).createTopic(stage.topic, partitions, 1);
        await body(stage);
      } finally {
        await Promise.all(stage.clients.map((client) => client[Symbol.asyncDispose]()));
      }
    });
  }

  get groupId(): string {
    return `${this.topic}-group`;
  }

  reader(config: Configuration = {}): Reader {
    const client = new ProsodyClient({
      groupId: this.groupId,
      subscribedTopics: this.topic,
      ...QUICK,
      ...this.config,
      ...config,
    });
    this.clients.push(client);
    return new Reader(client);
  }

  /** Sends payloads with one key, to one partition if it is named. */
  send(key: string, payloads: unknown[], partition?: number): Promise<void> {
    const to = partition === undefined ? {} : { partition };
    return this.sendAll(payloads.map((payload) => ({ key, payload, ...to })));
  }

  async sendAll(records: Omit<SendRecord, 'topic'>[]): Promise<void> {
    if (!this.sender) {
      this.sender = new ProsodyClient({ sourceSystem: 'shop', ...this.config });
      this.clients.push(this.sender);
    }
    const { topic } = this;
    const results = await this.sender.sendMany(records.map((record) => ({ ...record, topic })));
    const refused = results.find((result) => !result.ok);
    if (refused) throw refused.error;
  }
}

/** A client and the messages it was given. */
export class Reader {
  readonly messages: Message[] = [];
  assigned = 0;
  /** What the handler does with each message, once that is written down. */
  handle: (message: Message) => unknown = () => undefined;

  constructor(readonly client: ProsodyClient) {
    client.on('assigned', ({ partitions }) => (this.assigned += partitions.length));
  }

  /** The payloads of all messages so far. */
  get payloads(): unknown[] {
    return this.messages.map(({ payload }) => payload);
  }

  /** Subscribes and waits until so many more partitions are assigned. */
  async subscribe(partitions: number): Promise<this> {
    const before = this.assigned;
    await this.client.subscribe({
      onMessage: async (_context, message) => {
        this.messages.push(message);
        await this.handle(message);
      },
    });
    await until(
      () => this.assigned >= before + partitions,
      () => `${this.assigned} partitions are assigned`,
    );
    return this;
  }

  /** Waits for so many messages. */
  async got(count: number): Promise<Message[]> {
    await until(
      () => this.messages.length >= count,
      () => `messages ${JSON.stringify(this.payloads)}, not ${count}`,
    );
    return this.messages;
  }

  /** The latest message with this payload. */
  last(payload: unknown): Message {
    const found = this.messages.findLast((message) => message.payload === payload);
    if (!found) throw new Error(`no message ${JSON.stringify(payload)}: ${JSON.stringify(this.payloads)}`);
    return found;
  }
}

export async function until(holds: () => boolean, what: () => string): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(`not yet: ${what()}`);
    await sleep(10);
  }
}
