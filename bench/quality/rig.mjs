// What the rows of the quality bars share: clients on one broker, mock or real, and the ledger that judges them.
//
// The library is handed in, so that the tests of this project play the rows on its sources, and `scripts/quality.mjs`
// on the package as built.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** One broker, and the clients that a row has opened on it. */
export class Rig {
  #open = new Set();

  constructor(library, name, config, log = () => {}) {
    this.library = library;
    this.name = name;
    this.config = config;
    this.log = log;
  }

  async topic(name, partitions = 4) {
    const topic = `${name}-${randomUUID().slice(0, 8)}`;
    await new this.library.AdminClient(this.config).createTopic(topic, partitions, 1);
    return topic;
  }

  /** A consumer in a group of its own unless `options` name one; what happens to its partitions fails the row. */
  consumer(topic, options = {}) {
    const client = new this.library.ProsodyClient({
      groupId: `${topic}-${randomUUID().slice(0, 8)}`,
      sourceSystem: 'quality',
      subscribedTopics: topic,
      probePort: null,
      idempotenceCacheSize: 0,
      sendTimeoutMs: 30_000,
      ...this.config,
      ...options,
    });
    client.errors = [];
    // What heals by itself is none: a topic, say, that the broker has made a moment ago and does not show yet.
    client.on('error', (error) => error.retryable || client.errors.push(error.message));
    this.#open.add(client);
    return client;
  }

  sender() {
    const client = new this.library.ProsodyClient({
      sourceSystem: 'quality',
      sendTimeoutMs: 30_000,
      ...this.config,
    });
    this.#open.add(client);
    return client;
  }

  /** Sends `count` records that `record(index)` makes, in their order. */
  async fill(topic, count, record) {
    const client = this.sender();
    for (let first = 0; first < count; first += 2_000) {
      const length = Math.min(2_000, count - first);
      const records = Array.from({ length }, (_, place) => ({ topic, ...record(first + place) }));
      sent(await client.sendMany(records));
    }
    await this.end(client);
  }

  async end(client) {
    this.#open.delete(client);
    await client[Symbol.asyncDispose]();
  }

  async close() {
    await Promise.all([...this.#open].map((client) => this.end(client)));
  }
}

/** Throws where a record was refused. */
export function sent(results) {
  const refused = results.find((result) => !result.ok);
  if (refused) throw refused.error;
}

/** Resolves once the condition holds; says what did not. */
export async function until(holds, what, limitMs = 60_000) {
  const limit = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`not within ${limitMs} ms: ${what()}`);
    await sleep(5);
  }
}

/** Resolves once `value()` has not changed for so long: the end of something that nobody announces. */
export async function quiet(value, forMs, limitMs = 120_000) {
  const limit = performance.now() + limitMs;
  let last = value();
  let since = performance.now();
  while (performance.now() - since < forMs) {
    if (performance.now() > limit) throw new Error(`not quiet within ${limitMs} ms: ${last}`);
    await sleep(10);
    const now = value();
    if (now !== last) [last, since] = [now, performance.now()];
  }
  return last;
}

/**
 * Judges the calls of one group: for each key message n starts only after n - 1 has succeeded, one at a time, and
 * none runs again once it has succeeded. Bound: one entry a key.
 */
export class Ledger {
  #next = new Map();
  #open = new Set();
  violations = [];
  starts = 0;
  succeeded = 0;
  failed = 0;

  start(key, seq) {
    this.starts += 1;
    const next = this.#next.get(key) ?? 0;
    if (seq !== next) this.#blame(`ORDER ${key}/${seq} starts, ${next} is next`);
    if (this.#open.has(key)) this.#blame(`OVERLAP ${key}/${seq}`);
    this.#open.add(key);
  }

  failure(key) {
    this.failed += 1;
    this.#open.delete(key);
  }

  success(key, seq) {
    this.succeeded += 1;
    this.#open.delete(key);
    this.#next.set(key, seq + 1);
  }

  /** How many messages of that key have succeeded. */
  done(key) {
    return this.#next.get(key) ?? 0;
  }

  #blame(what) {
    if (this.violations.length < 20) this.violations.push(what);
  }
}

/** A handler that keeps the ledger; `fails(key, seq, message)` says whether a call throws. */
export function handler(ledger, { handlerMs, fails, onSuccess }) {
  return {
    async onMessage(_context, message) {
      const { key } = message;
      const { seq } = message.payload;
      ledger.start(key, seq);
      const fail = fails(key, seq, message);
      if (handlerMs > 0) await sleep(handlerMs);
      if (fail) {
        ledger.failure(key);
        throw new Error('as planned');
      }
      ledger.success(key, seq);
      onSuccess?.(key, seq, message);
    },
  };
}

/** Resident memory in MiB, sampled until `stop`. */
export class Memory {
  samples = [];
  #timer = setInterval(() => this.take(), 100);

  take() {
    const mib = process.memoryUsage.rss() / (1 << 20);
    this.samples.push({ at: performance.now(), mib });
    return mib;
  }

  stop() {
    clearInterval(this.#timer);
    this.take();
  }

  /** The highest value of the samples in that share of the time, as in `between(0.75, 1)`. */
  between(from, to) {
    const slice = this.samples.slice(
      Math.floor(this.samples.length * from),
      Math.ceil(this.samples.length * to),
    );
    return Math.max(...slice.map(({ mib }) => mib));
  }
}

/** Calls `send(count)` so that `perSecond` are sent each second, evenly, until `done()` or for `ms`. */
export async function pace(perSecond, { ms = Infinity, done = () => false }, send) {
  const began = performance.now();
  let total = 0;
  while (!done() && performance.now() - began < ms) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond) - total;
    if (due > 0) send(due, total);
    total += Math.max(due, 0);
    await sleep(1);
  }
  return total;
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Median with its range, as text. */
export function spread(values, digits = 2) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const show = (value) => value.toFixed(digits);
  return `${show(middle)} (${show(sorted[0])}–${show(sorted.at(-1))})`;
}

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
