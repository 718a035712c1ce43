import { types } from 'node:util';
import { SendError } from './errors.js';
import { show } from './text.js';

/** The value of a header to send: text, bytes, nothing, or several of them for several headers of that name. */
export type HeaderValue = string | Uint8Array | null;

/** Headers to send: an object, or pairs in order such as `message.headers` and `message.headers.raw`. */
export type SendHeaders =
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
  | Iterable<readonly [name: string, value: HeaderValue]>;

/** What may go with a record. */
export interface RecordOptions {
  /**
   * Headers, in order. `source-system` is always this client's own: one that is given, as when headers of a message are
   * passed on, is left out.
   */
  headers?: SendHeaders;
  /**
   * The record's time: a `Date`, or milliseconds since 1970. Now, if it is left out. The instant 0 itself is refused: the
   * Kafka library underneath takes it for "now".
   */
  timestamp?: Date | number;
  /** The partition, in place of the one that the key decides. */
  partition?: number;
}

/** What may go with a call of `send`. */
export interface SendOptions extends RecordOptions {
  /** Rejects the call with the signal's reason when it aborts; the record may still be sent. */
  signal?: AbortSignal;
}

/** A record to send. */
export interface SendRecord extends RecordOptions {
  topic: string;
  /** `null`: a record without a key. */
  key: string | null;
  /** Serialized as JSON; a `Uint8Array` is sent as it is, and `null` is a tombstone. */
  payload: unknown;
}

/** What became of one record of a `sendMany`. */
export type SendResult =
  | { readonly ok: true; readonly partition: number; readonly offset: number }
  | { readonly ok: false; readonly error: unknown };

const SEND_OPTIONS = new Set(['signal', 'headers', 'timestamp', 'partition']);
const MAX_PARTITION = 2 ** 31 - 1;
const MAX_TIME_MS = 8.64e15;

/** A refusal that names the argument, its value and what is allowed. */
export function refuse(argument: string, value: unknown, expected: string): SendError {
  return new SendError(`${argument} is ${show(value)}, expected ${expected}`, { code: 'INVALID_ARGUMENT' });
}

/** Tells the two forms of the last argument of `send` apart. */
export function sendOptions(given: AbortSignal | SendOptions | undefined | null): SendOptions | undefined {
  if (given === undefined || given === null) return undefined;
  if (isSignal(given)) return { signal: given };
  if (typeof given !== 'object')
    throw refuse('the last argument', given, 'an AbortSignal or an object of options');
  const unknown = Object.keys(given).find((name) => !SEND_OPTIONS.has(name));
  if (unknown !== undefined) throw refuse('an option', unknown, `one of ${[...SEND_OPTIONS].join(', ')}`);
  if (given.signal !== undefined && !isSignal(given.signal))
    throw refuse('signal', given.signal, 'an AbortSignal');
  return given;
}

function isSignal(value: object): value is AbortSignal {
  const signal = value as Partial<AbortSignal>;
  return typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function';
}

export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic !== 'string' || topic === '') throw refuse('topic', topic, 'the name of a topic');
}

export function checkKey(key: unknown): asserts key is string | null {
  if (key === null) return;
  if (typeof key !== 'string') throw refuse('key', key, 'a string or null');
  // Two keys must not become one: a lone surrogate has no UTF-8 of its own.
  if (!isWellFormed(key)) throw refuse('key', key, 'well-formed text, this one has a lone surrogate');
}

/** The partition number on the wire, -1 where the key decides. */
export function partitionOf(partition: unknown): number {
  if (partition === undefined) return -1;
  if (
    typeof partition === 'number' &&
    Number.isInteger(partition) &&
    partition >= 0 &&
    partition <= MAX_PARTITION
  ) {
    return partition;
  }
  throw refuse('partition', partition, `a whole number from 0 to ${MAX_PARTITION}`);
}

/** The time on the wire, -1 for now. */
export function timestampOf(timestamp: unknown): number {
  if (timestamp === undefined) return -1;
  const time = types.isDate(timestamp) ? timestamp.getTime() : timestamp;
  if (typeof time === 'number' && Number.isInteger(time) && time > 0 && time <= MAX_TIME_MS) return time;
  throw refuse(
    'timestamp',
    types.isDate(timestamp) ? time : timestamp,
    'a Date or whole milliseconds after the start of 1970',
  );
}

// Its declared type hides that a function, a symbol and undefined have no JSON.
const stringify: (value: unknown) => string | undefined = JSON.stringify;

/** The value to send: bytes, text, or null for a tombstone. */
export function valueOf(payload: unknown): Uint8Array | string | null {
  if (payload === null) return null;
  if (typeof payload === 'object' && types.isUint8Array(payload)) return payload;
  let json: string | undefined;
  try {
    json = stringify(payload);
  } catch (error) {
    throw new SendError(`payload (${show(payload)}) cannot be serialized as JSON: nothing was sent`, {
      code: 'PAYLOAD_NOT_JSON',
      cause: error,
    });
  }
  if (json === undefined) throw refuse('payload', payload, 'a value that JSON can hold, bytes, or null');
  return json;
}

/** The headers to send as pairs, checked. */
export function* headerPairs(headers: SendHeaders): Generator<readonly [string, HeaderValue]> {
  if (typeof headers !== 'object' || (headers as unknown) === null)
    throw refuse('headers', headers, 'an object or pairs');
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<unknown>) {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw refuse('an entry of headers', pair, 'a pair of name and value');
      yield checkedPair(pair[0], pair[1]);
    }
    return;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) for (const one of value as unknown[]) yield checkedPair(name, one);
    else yield checkedPair(name, value);
  }
}

function checkedPair(name: unknown, value: unknown): [string, HeaderValue] {
  if (typeof name !== 'string' || !isWellFormed(name)) throw refuse('the name of a header', name, 'text');
  if (value === null || types.isUint8Array(value)) return [name, value];
  if (typeof value === 'string' && isWellFormed(value)) return [name, value];
  // Without the value: a header may carry a credential.
  const kind = typeof value === 'string' ? 'text with a lone surrogate' : typeof value;
  throw new SendError(`the value of header ${show(name)} is ${kind}, expected a string, bytes or null`, {
    code: 'INVALID_ARGUMENT',
  });
}

function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
