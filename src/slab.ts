import { markAsUntransferable } from 'node:worker_threads';
import * as layout from './layout.js';
import { decodeText } from './text.js';

/** The name of a partition, shared by all messages of it. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The memory of one call from the native side: rows of numbers, then bytes. Messages read from it when they are asked,
 * so a message that is kept keeps its slab, 256 KiB at most unless the record itself is larger.
 */
export class Slab {
  /** The same bytes three times: rows are read as words and floats, bodies as bytes. */
  readonly words: Uint32Array;
  readonly floats: Float64Array;
  readonly bytes: Buffer;
  /** How many rows there are. */
  readonly count: number;

  constructor(data: ArrayBuffer) {
    this.words = new Uint32Array(data, 0, data.byteLength >>> 2);
    this.floats = new Float64Array(data, 0, data.byteLength >>> 3);
    this.bytes = Buffer.from(data);
    // Messages share it: whoever transferred the bytes of one would take them from all.
    markAsUntransferable(data);
    const version = this.words[0];
    const count = this.words[layout.SLAB_COUNT_W] ?? 0;
    if (version !== layout.SLAB_VERSION) {
      throw new Error(
        `slab version ${version} is not ${layout.SLAB_VERSION}: addon and package are not of one release`,
      );
    }
    if (layout.SLAB_HEADER_BYTES + count * layout.ROW_BYTES > data.byteLength) {
      throw new Error(`a slab of ${data.byteLength} bytes cannot hold ${count} rows`);
    }
    this.count = count;
  }

  /** An unsigned field of the row that starts at word `row`. */
  word(row: number, field: number): number {
    return this.words[row + field] ?? 0;
  }

  /** A length, -1 for null. */
  length(row: number, field: number): number {
    return (this.words[row + field] ?? 0) | 0;
  }

  /** A float field; rows start at a multiple of eight bytes. */
  float(row: number, field: number): number {
    return this.floats[(row + field) >>> 1] ?? 0;
  }

  /** A length in the bodies, which are not aligned. */
  lengthAt(start: number): number {
    return this.bytes.readInt32LE(start);
  }

  /** UTF-8 text, `null` if the length is negative. */
  text(start: number, length: number): string | null {
    return length < 0 ? null : decodeText(this.bytes, start, start + length);
  }

  /** The bytes themselves, not a copy: a copy would cost ten times as much as all the rest of a short message. */
  view(start: number, length: number): Uint8Array | null {
    return length < 0 ? null : new Uint8Array(this.bytes.buffer, start, length);
  }
}
