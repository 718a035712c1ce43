import { NULL_LENGTH } from './layout.js';
import {
  checkKey,
  checkTopic,
  headerPairs,
  partitionOf,
  timestampOf,
  valueOf,
  type HeaderValue,
  type SendRecord,
} from './records.js';

const FIRST_BYTES = 64 * 1024;
/** A buffer that one large send has grown is given up afterwards. */
const KEPT_BYTES = 1024 * 1024;
// Ticket, partition, timestamp and the lengths of topic, key, value and headers.
const FIXED_BYTES = 32;
// A UTF-16 unit takes at most three bytes of UTF-8.
const MAX_BYTES_PER_UNIT = 3;
// Above this the exact length is worth counting, so that a large text does not take three times its room.
const COUNTED_UNITS = 4 * 1024;
// Up to this many units a loop is faster than a call into Node.
const SHORT_UNITS = 24;
const SOURCE_SYSTEM = 'source-system';

interface Utf8Buffer extends Buffer {
  utf8Write(text: string, start: number): number;
}

/** Packs records one after the other, as `docs/bridge.md` lays them out. */
export class Packer {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES) as Utf8Buffer;
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private records = 0;

  constructor(
    /** The value of the header that names where a record comes from; none is added if there is none. */
    private readonly sourceSystem: string | undefined,
  ) {}

  /** How many records there are. */
  get count(): number {
    return this.records;
  }

  /** How many bytes they take. */
  get size(): number {
    return this.used;
  }

  /** Adds a record. Errors: a `SendError`, and the record is not there at all. */
  add(ticket: number, record: SendRecord): void {
    const { topic, key } = record;
    checkTopic(topic);
    checkKey(key);
    const partition = partitionOf(record.partition);
    const timestamp = timestampOf(record.timestamp);
    // Everything that may run code of the application comes before the first byte: a toJSON may call send itself.
    const value = valueOf(record.payload);
    const pairs = record.headers === undefined ? undefined : [...headerPairs(record.headers)];
    const start = this.used;
    try {
      this.reserve(FIXED_BYTES + roomOf(topic) + roomOf(key) + roomOf(value));
      this.view.setUint32(start, ticket, true);
      this.view.setInt32(start + 4, partition, true);
      this.view.setFloat64(start + 8, timestamp, true);
      this.used = start + 16;
      this.put(topic);
      this.put(key);
      this.put(value);
      this.putHeaders(pairs);
    } catch (error) {
      // No memory: the records before it are whole.
      this.used = start;
      throw error;
    }
    this.records += 1;
  }

  /** The packed records, valid until the next call, and an empty packer. */
  take(): { bytes: Uint8Array; count: number } {
    const taken = { bytes: this.bytes.subarray(0, this.used), count: this.records };
    if (this.bytes.length > KEPT_BYTES) this.replace(FIRST_BYTES, 0);
    this.used = 0;
    this.records = 0;
    return taken;
  }

  private putHeaders(pairs: (readonly [string, HeaderValue])[] | undefined): void {
    const lengthAt = this.used;
    this.used += 4;
    if (this.sourceSystem !== undefined) this.putHeader(SOURCE_SYSTEM, this.sourceSystem);
    if (pairs) {
      for (const [name, value] of pairs) if (name !== SOURCE_SYSTEM) this.putHeader(name, value);
    }
    this.view.setUint32(lengthAt, this.used - lengthAt - 4, true);
  }

  private putHeader(name: string, value: HeaderValue): void {
    this.reserve(8 + roomOf(name) + roomOf(value));
    this.put(name);
    this.put(value);
  }

  // Room must have been reserved.
  private put(value: string | Uint8Array | null): void {
    const lengthAt = this.used;
    const start = lengthAt + 4;
    let length: number;
    if (value === null) {
      this.view.setInt32(lengthAt, NULL_LENGTH, true);
      this.used = start;
      return;
    }
    if (typeof value === 'string') {
      length = this.putText(value, start);
    } else {
      this.bytes.set(value, start);
      length = value.byteLength;
    }
    this.view.setInt32(lengthAt, length, true);
    this.used = start + length;
  }

  private putText(text: string, start: number): number {
    const { bytes } = this;
    const { length } = text;
    if (length > SHORT_UNITS) return bytes.utf8Write(text, start);
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return bytes.utf8Write(text, start);
      bytes[start + at] = code;
    }
    return length;
  }

  private reserve(more: number): void {
    const needed = this.used + more;
    if (needed > this.bytes.length) this.replace(Math.max(needed, this.bytes.length * 2), this.used);
  }

  private replace(size: number, kept: number): void {
    const larger = Buffer.allocUnsafeSlow(size) as Utf8Buffer;
    this.bytes.copy(larger, 0, 0, kept);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

function roomOf(value: string | Uint8Array | null): number {
  if (value === null) return 0;
  if (typeof value !== 'string') return value.byteLength;
  return value.length > COUNTED_UNITS ? Buffer.byteLength(value) : value.length * MAX_BYTES_PER_UNIT;
}
