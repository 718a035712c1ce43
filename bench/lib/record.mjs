// The record that every contestant sends and reads; ceiling/src/record.rs writes and checks the same one:
// {"seq":"0000000123","at":"0000000000000000","key":"key-0001","pad":"…"}

const SEQ = 8;
const AT = 26;
const LEAST_BYTES = 70;

// Microseconds of the monotonic clock, comparable between processes. performance.now() is cheap and runs on that
// clock from an origin of its own. The difference is taken between two close reads: one that was interrupted is wrong.
function origin() {
  let best = { gap: Infinity, difference: 0 };
  for (let attempt = 0; attempt < 50; attempt++) {
    const before = performance.now();
    const clock = process.hrtime.bigint();
    const after = performance.now();
    if (after - before < best.gap) {
      best = { gap: after - before, difference: Number(clock) / 1000 - (before + after) * 500 };
    }
  }
  return best.difference;
}

const ORIGIN = origin();
export const nowUs = () => performance.now() * 1000 + ORIGIN;

export const keyName = (number) => `key-${String(number).padStart(4, '0')}`;

export function keyNumber(key) {
  return (
    (key.charCodeAt(4) - 48) * 1000 +
    (key.charCodeAt(5) - 48) * 100 +
    (key.charCodeAt(6) - 48) * 10 +
    (key.charCodeAt(7) - 48)
  );
}

function digits(bytes, from, count) {
  let number = 0;
  for (let place = from; place < from + count; place++) number = number * 10 + (bytes[place] - 48);
  return number;
}

export const sequence = (value) => digits(value, SEQ, 10);
export const sentAt = (value) => digits(value, AT, 16);

/** The payloads to send: every key in turn, numbered within the key. */
export class Records {
  #next;
  #at = 0;
  #pad;

  constructor(keys, bytes) {
    this.#next = new Array(keys).fill(0);
    this.#pad = 'x'.repeat(Math.max(bytes - LEAST_BYTES, 0));
  }

  next() {
    const number = this.#at;
    this.#at = (number + 1) % this.#next.length;
    const key = keyName(number);
    const seq = String(this.#next[number]++).padStart(10, '0');
    return { key, payload: { seq, at: '0000000000000000', key, pad: this.#pad } };
  }
}

/** Checks that every key's records come once each and in order. */
export class Check {
  seen = 0;
  violations = 0;
  #next;

  constructor(keys) {
    this.#next = new Int32Array(keys);
  }

  see(number, value) {
    const seq = sequence(value);
    if (seq !== this.#next[number]) this.violations++;
    this.#next[number] = seq + 1;
    this.seen++;
  }
}
