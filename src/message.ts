import { isUtf8 } from 'node:buffer';
import { PayloadError } from './errors.js';
import type { Message, MessageHeaders } from './handler.js';
import { SlabHeaders } from './headers.js';
import * as layout from './layout.js';
import { commit, type Markable, type Marks } from './marking.js';
import type { PartitionName, Slab } from './slab.js';
import { INSPECT, type Inspect } from './text.js';

const NO_TIMESTAMP = -1;

/** A row of a slab as a message. */
export class SlabMessage<P> implements Message<P> {
  // Plain private fields: `#` fields would break a message that a middleware wraps in a proxy. `undefined` means that
  // the part has not been read yet.
  private readKey: string | null | undefined;
  private readPayload: P | undefined;
  private readHeaders: MessageHeaders | undefined;

  constructor(
    private readonly slab: Slab,
    private readonly row: number,
    private readonly from: PartitionName,
    // Only with `ack: 'manual'`.
    private readonly call?: Markable,
    private readonly outcomes?: Marks,
  ) {
    this.readKey = undefined;
    this.readPayload = undefined;
    this.readHeaders = undefined;
  }

  get topic(): string {
    return this.from.topic;
  }

  get partition(): number {
    return this.from.partition;
  }

  get offset(): number {
    return this.slab.float(this.row, layout.OFFSET_W);
  }

  get timestamp(): Date {
    const time = this.slab.float(this.row, layout.TIMESTAMP_W);
    return new Date(time === NO_TIMESTAMP ? NaN : time);
  }

  get attempt(): number {
    return this.slab.word(this.row, layout.ATTEMPT_W);
  }

  get key(): string | null {
    return this.readKey === undefined ? (this.readKey = this.decodeKey()) : this.readKey;
  }

  get payload(): P {
    return this.readPayload === undefined ? (this.readPayload = this.parsePayload()) : this.readPayload;
  }

  get headers(): MessageHeaders {
    return (this.readHeaders ??= this.locateHeaders());
  }

  get rawKey(): Uint8Array | null {
    return this.slab.view(this.keyStart(), this.keyLength());
  }

  get rawPayload(): Uint8Array | null {
    return this.slab.view(this.valueStart(), this.valueLength());
  }

  commit(): void {
    commit(this.call, this.outcomes);
  }

  toJSON(): {
    topic: string;
    partition: number;
    offset: number;
    timestamp: Date;
    key: string | null;
    payload: P;
  } {
    const { topic, partition, offset, timestamp, key, payload } = this;
    return { topic, partition, offset, timestamp, key, payload };
  }

  /** Where the message is and how large; what it holds has no business in a log. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { topic, partition, offset, timestamp, key, attempt, headers } = this;
    const length = this.valueLength();
    const shown = {
      topic,
      partition,
      offset,
      timestamp,
      key,
      attempt,
      headers: headers.size,
      payload: length < 0 ? null : `${length} bytes`,
    };
    return `Message ${inspect(shown, options)}`;
  }

  private keyStart(): number {
    return this.slab.word(this.row, layout.BODY_START_W);
  }

  private keyLength(): number {
    return this.slab.length(this.row, layout.KEY_LENGTH_W);
  }

  private valueStart(): number {
    return this.keyStart() + Math.max(this.keyLength(), 0);
  }

  private valueLength(): number {
    return this.slab.length(this.row, layout.VALUE_LENGTH_W);
  }

  private decodeKey(): string | null {
    return this.slab.text(this.keyStart(), this.keyLength());
  }

  private locateHeaders(): MessageHeaders {
    const start = this.valueStart() + Math.max(this.valueLength(), 0);
    return new SlabHeaders(this.slab, start, this.slab.word(this.row, layout.HEADERS_LENGTH_W));
  }

  private parsePayload(): P {
    const start = this.valueStart();
    const length = this.valueLength();
    const text = this.slab.text(start, length);
    if (text === null) return null as P;
    let parsed: P;
    try {
      parsed = JSON.parse(text) as P;
    } catch (error) {
      throw this.payloadError(length, whatIsWrong(text, error));
    }
    // A replacement character may be the sender's own, or stand for bytes that were no text.
    if (text.includes('\ufffd') && !isUtf8(this.slab.bytes.subarray(start, start + length))) {
      throw this.payloadError(length, 'it is not valid UTF-8');
    }
    return parsed;
  }

  // Without the parser's error as its cause: that quotes the payload.
  private payloadError(length: number, reason: string): PayloadError {
    const { topic, partition } = this.from;
    return new PayloadError(
      `the value of message ${this.offset} of ${topic}/${partition} (${length} bytes) is no JSON: ${reason}; ` +
        'rawPayload has its bytes',
    );
  }
}

function whatIsWrong(text: string, error: unknown): string {
  if (text.length === 0) return 'it is empty';
  if (text.charCodeAt(0) === 0xfeff) return 'it begins with a byte order mark';
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  return position === undefined ? 'it cannot be parsed' : `it cannot be parsed at position ${position}`;
}
