import { ProsodyError } from './errors.js';

/*
 * How far the marking of one call's message has come:
 *
 *            commit                return
 *   open ───────────▶ marked ───────────────▶ success
 *    │ return                                    ▲
 *    └──────────────▶ awaited ───────────────────┘ commit, then void
 *   open, marked ── throw ──▶ void
 */

/** The return of the handler is the mark: `ack: 'auto'`, and every timer. */
export const NO_MARK = 0;
/** The handler runs. */
export const MARK_OPEN = 1;
/** Marked while the handler runs: its return is a success. */
export const MARKED = 2;
/** The handler has returned, and the mark is yet to come. */
export const MARK_AWAITED = 3;
/** There is nothing left to mark: it was marked, or the handler failed. */
export const VOID_MARK = 4;

/** A call whose message can be marked. */
export interface Markable {
  readonly eventIndex: number;
  readonly eventGeneration: number;
  mark: number;
}

/** Takes the marks of messages whose handler has returned. */
export interface Marks {
  marked(eventIndex: number, eventGeneration: number): void;
}

/** What `message.commit()` does. */
export function commit(call: Markable | undefined, marks: Marks | undefined): void {
  if (!call || !marks) {
    throw new ProsodyError(
      "message.commit() needs the option ack: 'manual'; with 'auto' a message is done when its handler returns",
      { code: 'ACK_AUTO' },
    );
  }
  if (call.mark === MARK_OPEN) {
    call.mark = MARKED;
  } else if (call.mark === MARK_AWAITED) {
    call.mark = VOID_MARK;
    marks.marked(call.eventIndex, call.eventGeneration);
  }
}
