/** What `util.inspect` looks for. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** What `util.inspect` passes on. */
export type Inspect = (value: unknown, options: object) => string;

// Buffer has had these two since its beginning; they skip the argument checks of toString.
interface Utf8Buffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

// Up to this many bytes a loop in JavaScript is faster than a call into Node (measured: bench/micro/slab.mjs).
const SHORT = 24;

/** Decodes UTF-8. A byte order mark stays; what is no UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > SHORT) return (bytes as Utf8Buffer).utf8Slice(start, end);
  const codes = new Array<number>(length);
  for (let at = 0; at < length; at++) {
    const code = bytes[start + at] ?? 0;
    if (code > 0x7f) return (bytes as Utf8Buffer).utf8Slice(start, end);
    codes[at] = code;
  }
  return String.fromCharCode.apply(null, codes);
}

const SHOWN_CHARACTERS = 64;

/** An argument as an error message shows it: short, escaped, and of an object no more than its kind. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    const cut = value.length > SHOWN_CHARACTERS;
    return JSON.stringify(cut ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) {
    return String(value);
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  return Array.isArray(value) ? 'an array' : 'an object';
}

// With the u flag a surrogate matches only if it is alone.
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Cuts a text to that many bytes of UTF-8 and makes it valid. */
export function boundedText(text: string, maxBytes: number): string {
  const cut = text.slice(0, maxBytes).replace(LONE_SURROGATES, '\ufffd');
  if (text.length <= maxBytes && Buffer.byteLength(cut) <= maxBytes) return cut;
  // Three bytes for the ellipsis; a character that was cut in two decodes as one U+FFFD, which is dropped.
  const kept = Buffer.from(cut)
    .subarray(0, maxBytes - 3)
    .toString('utf8');
  return `${kept.replace(/\ufffd$/, '')}…`;
}
