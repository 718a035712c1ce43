import type { MessageHeaders } from './handler.js';
import type { Slab } from './slab.js';
import { INSPECT } from './text.js';

// Where each header is: start and length of its name, start and length of its value.
const FIELDS = 4;

/** Headers in a slab: their places are found at the first question, their texts when they are asked for. */
export class SlabHeaders implements MessageHeaders {
  private places: number[] | undefined;

  constructor(
    private readonly slab: Slab,
    private readonly start: number,
    private readonly length: number,
  ) {}

  get size(): number {
    return this.find().length / FIELDS;
  }

  get(name: string): string | null | undefined {
    const places = this.find();
    for (let at = places.length - FIELDS; at >= 0; at -= FIELDS) {
      if (this.name(places, at) === name) return this.text(places, at);
    }
    return undefined;
  }

  getAll(name: string): (string | null)[] {
    const places = this.find();
    const found: (string | null)[] = [];
    for (let at = 0; at < places.length; at += FIELDS) {
      if (this.name(places, at) === name) found.push(this.text(places, at));
    }
    return found;
  }

  get raw(): readonly (readonly [string, Uint8Array | null])[] {
    const places = this.find();
    const all: [string, Uint8Array | null][] = [];
    for (let at = 0; at < places.length; at += FIELDS) {
      all.push([this.name(places, at), this.slab.view(places[at + 2] ?? 0, places[at + 3] ?? 0)]);
    }
    return all;
  }

  *[Symbol.iterator](): IterableIterator<readonly [string, string | null]> {
    const places = this.find();
    for (let at = 0; at < places.length; at += FIELDS) yield [this.name(places, at), this.text(places, at)];
  }

  toJSON(): (readonly [string, string | null])[] {
    return [...this];
  }

  /** Headers may carry credentials: an inspected message shows how many there are, and no more. */
  [INSPECT](): string {
    return `MessageHeaders { size: ${this.size} }`;
  }

  private name(places: number[], at: number): string {
    return this.slab.text(places[at] ?? 0, places[at + 1] ?? 0) ?? '';
  }

  private text(places: number[], at: number): string | null {
    return this.slab.text(places[at + 2] ?? 0, places[at + 3] ?? 0);
  }

  private find(): number[] {
    if (this.places) return this.places;
    const { slab } = this;
    const places: number[] = [];
    const end = this.start + this.length;
    let at = this.start;
    while (at + 8 <= end) {
      const nameLength = slab.lengthAt(at);
      if (nameLength < 0) throw new RangeError(`a header name of ${nameLength} bytes`);
      const valueLength = slab.lengthAt(at + 4 + nameLength);
      places.push(at + 4, nameLength, at + 8 + nameLength, valueLength);
      at += 8 + nameLength + Math.max(valueLength, 0);
    }
    this.places = places;
    return places;
  }
}
