import { decoratedAs } from './decorators.js';
import { PERMANENT_BRAND, TRANSIENT_BRAND } from './errors.js';
import * as layout from './layout.js';
import { boundedText } from './text.js';

/** How a failed call is told to the native side: what kind of failure, and a JSON text. */
export interface Verdict {
  readonly code: number;
  readonly text: string;
}

/** The longest description of an error, in bytes: it becomes a header of a dead letter. */
export const MAX_TEXT_BYTES = 2_048;
// One more than fits, so that a text which was cut here is seen to be cut.
const PART = MAX_TEXT_BYTES + 1;
const MAX_CAUSES = 4;

/**
 * Judges what a handler threw, whatever it is: a value may have getters that throw, be frozen, cyclic or huge, and
 * judging it never throws. What cannot be read counts as transient, so that it is retried rather than lost.
 */
export function classify(thrown: unknown): Verdict {
  const code = isPermanent(thrown) ? layout.OUTCOME_PERMANENT : layout.OUTCOME_TRANSIENT;
  const text = describe(thrown);
  const retryAfterMs = code === layout.OUTCOME_TRANSIENT ? retryAfter(thrown) : undefined;
  return { code, text: JSON.stringify({ text, retryAfterMs }) };
}

type Properties = Partial<Record<PropertyKey, unknown>>;

function hasProperties(value: unknown): value is Properties {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isPermanent(thrown: unknown): boolean {
  if (!hasProperties(thrown)) return false;
  try {
    const decorated = decoratedAs(thrown);
    if (decorated) return decorated === 'permanent';
    return thrown[PERMANENT_BRAND] === true || thrown.isPermanent === true || thrown.permanent === true;
  } catch {
    return false;
  }
}

function retryAfter(thrown: unknown): number | undefined {
  try {
    if (!hasProperties(thrown) || thrown[TRANSIENT_BRAND] !== true) return undefined;
    const wait = thrown.retryAfterMs;
    return typeof wait === 'number' && Number.isFinite(wait) && wait > 0 ? Math.ceil(wait) : undefined;
  } catch {
    return undefined;
  }
}

function describe(thrown: unknown): string {
  try {
    return boundedText(chain(thrown, 0), MAX_TEXT_BYTES);
  } catch {
    return 'a value that cannot be read was thrown';
  }
}

function chain(thrown: unknown, depth: number): string {
  const own = headline(thrown);
  if (!(hasProperties(thrown) && depth < MAX_CAUSES)) return own;
  const { cause } = thrown;
  return cause === undefined || cause === null ? own : `${own} (caused by ${chain(cause, depth + 1)})`;
}

// Cut before anything is joined: a message may be ten megabytes.
function headline(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown.slice(0, PART);
  if (!hasProperties(thrown)) return `${String(thrown)} was thrown`;
  const { name, message } = thrown;
  const kind = typeof name === 'string' && name !== '' ? name.slice(0, PART) : 'Error';
  if (typeof message === 'string') return message === '' ? kind : `${kind}: ${message.slice(0, PART)}`;
  return typeof thrown === 'function' ? 'a function was thrown' : 'an object without a message was thrown';
}
