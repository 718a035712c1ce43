// What was sent, what ran, and whether it ran as promised.

export class Ledger {
  /** By key. */
  keys = new Map();
  startedAt = 0;
  open = 0;
  mostOpen = 0;
  /** What a successor of the group was given, and whether there was one. */
  leftover = 0;
  successorRan = false;
  /** From send to the start of the handler, of all keys but the slow and the failing one. */
  #waitsMs = [];

  constructor(steadyKeys, { slowKey, slowMs, failingKey }) {
    this.slowKey = slowKey;
    this.slowMs = slowMs;
    this.failingKey = failingKey;
    for (const key of [...steadyKeys, slowKey, failingKey]) {
      this.keys.set(key, {
        key,
        sent: 0,
        done: 0,
        open: 0,
        failed: 0,
        outOfOrder: 0,
        overlaps: 0,
        state: 'idle',
      });
    }
  }

  /** What came before was for warming up. */
  start() {
    this.startedAt = performance.now();
    this.#waitsMs = [];
  }

  /** Counts a message and gives it its number within its key. */
  send(key) {
    return this.keys.get(key).sent++;
  }

  /** A call begins. It must be the key's next message, and the only call of the key. */
  begin(message, seq, sentAt) {
    const facts = this.keys.get(message.key);
    if (seq !== facts.done) facts.outOfOrder += 1;
    if (facts.open > 0) facts.overlaps += 1;
    const healthy = message.key !== this.slowKey && message.key !== this.failingKey;
    if (healthy) this.#waitsMs.push(performance.now() - sentAt);
    facts.open += 1;
    facts.state = message.attempt > 1 ? `attempt ${message.attempt}` : 'running';
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const end = (state) => {
      facts.open -= 1;
      this.open -= 1;
      facts.state = state;
    };
    return {
      succeeded: () => {
        facts.done += 1;
        end('idle');
      },
      failed: () => {
        facts.failed += 1;
        end('waits to retry');
      },
    };
  }

  get sent() {
    return this.#sum('sent');
  }

  get done() {
    return this.#sum('done');
  }

  get failed() {
    return this.#sum('failed');
  }

  /** The time that this share of the healthy keys' messages waited at most. */
  waitMs(share) {
    const sorted = this.#waitsMs.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  }

  /** Everything that has to hold, as lines of a report. */
  checks() {
    const failing = this.keys.get(this.failingKey);
    const slow = this.keys.get(this.slowKey);
    const p99 = this.waitMs(0.99);
    return [
      [this.sent > 0 && this.done === this.sent, `${this.done} of ${this.sent} messages handled`],
      [
        this.#sum('outOfOrder') === 0,
        `each key in order, nothing twice (${this.keys.size} keys, ${this.#sum('outOfOrder')} wrong)`,
      ],
      [this.#sum('overlaps') === 0, `one call of a key at a time (${this.#sum('overlaps')} overlaps)`],
      [this.mostOpen > 1, `different keys at the same time (up to ${this.mostOpen} calls)`],
      [
        failing.failed > 0 && failing.done === failing.sent,
        `key "${failing.key}" failed ${failing.failed} times, recovered, all ${failing.sent} done in order`,
      ],
      [this.failed === failing.failed, 'no other key failed'],
      [
        slow.done === slow.sent && p99 < this.slowMs,
        `key "${slow.key}" took ${this.slowMs} ms a message; the others waited ${ms(this.waitMs(0.5))} (p50), ${ms(p99)} (p99)`,
      ],
      [
        this.successorRan && this.leftover === 0,
        `offsets committed: the next member of the group was given ${this.leftover} messages`,
      ],
    ];
  }

  #sum(field) {
    let sum = 0;
    for (const facts of this.keys.values()) sum += facts[field];
    return sum;
  }
}

function ms(value) {
  return `${value.toFixed(1)} ms`;
}
