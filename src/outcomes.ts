import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers';
import type { Verdict } from './classify.js';
import * as layout from './layout.js';
import { log } from './logger.js';

// As many as a slab has rows: while JavaScript is at the next slab, the native side works on what this one freed.
const BATCH = 256;
// A quarter of the open calls, within these bounds, is handed over before the turn is over: calls that wait for one timer
// end in one burst, and their slots are filled while it lasts. Smaller batches cost more than they gain.
const EARLY_LEAST = 64;
const EARLY_MOST = 128;
// Calls started early in one turn: beyond it sockets and other timers have their turn first.
const EARLY_CALLS = 1_024;

/**
 * Takes the outcomes of a turn of the event loop. With `takes` it may give back a slab of what starts next, which is
 * then to be started at once.
 */
export type Settle = (
  rows: Uint32Array,
  count: number,
  texts: string[] | undefined,
  takes: boolean,
) => ArrayBuffer | null | undefined;

/** Starts the calls of a slab; how many rows it had. */
export type Start = (slab: ArrayBuffer) => number;

/**
 * Collects how calls ended, and which messages were marked since, and hands them over once a turn of the event loop, or when there are many. A slab is delivered
 * in the poll phase and the hand-over runs in the check phase of the same turn, so a batch costs one crossing and waits
 * for nothing.
 */
export class Outcomes {
  // Bound: its length; the hand-over empties it.
  private readonly rows = new Uint32Array(BATCH * layout.OUTCOME_WORDS);
  private used = 0;
  private texts: string[] | undefined;
  private scheduled = false;
  private scheduledEarly = false;
  private startedEarly = 0;
  // What starts here starts in nobody's call: not in the asynchronous context of the call that ended last.
  private readonly outside = new AsyncResource('ProsodyHandlers');
  private readonly flush = (): void => {
    this.scheduled = false;
    this.startedEarly = 0;
    this.handOverAndStart();
  };
  private readonly flushEarly = (): void => {
    this.scheduledEarly = false;
    this.startedEarly += this.handOverAndStart();
  };

  constructor(
    private readonly settle: Settle,
    private readonly start: Start,
    private readonly open: () => number,
  ) {}

  succeeded(eventIndex: number, eventGeneration: number): void {
    this.add(eventIndex, eventGeneration, layout.OUTCOME_SUCCESS);
  }

  /** The handler returned; {@link marked} follows, or nothing does. */
  unmarked(eventIndex: number, eventGeneration: number): void {
    this.add(eventIndex, eventGeneration, layout.OUTCOME_UNMARKED);
  }

  marked(eventIndex: number, eventGeneration: number): void {
    this.add(eventIndex, eventGeneration, layout.OUTCOME_MARKED);
  }

  /** Hands over what there is at once, ahead of a call that is to come after it. */
  handOverNow(): void {
    if (this.used > 0) this.handOver(false);
  }

  failed(eventIndex: number, eventGeneration: number, verdict: Verdict): void {
    const texts = (this.texts ??= []);
    texts.push(verdict.text);
    this.add(eventIndex, eventGeneration, (texts.length << layout.OUTCOME_TEXT_SHIFT) | verdict.code);
  }

  private add(eventIndex: number, eventGeneration: number, code: number): void {
    const at = this.used;
    const { rows } = this;
    rows[at] = eventIndex;
    rows[at + 1] = eventGeneration;
    rows[at + 2] = code;
    this.used = at + layout.OUTCOME_WORDS;
    if (this.used === rows.length) {
      // In the middle of a burst that JavaScript has work enough with.
      this.handOver(false);
    } else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(this.flush);
    } else if (
      this.used >= EARLY_LEAST * layout.OUTCOME_WORDS &&
      !this.scheduledEarly &&
      this.startedEarly < EARLY_CALLS &&
      this.used >= Math.min(EARLY_MOST, this.open() >>> 2) * layout.OUTCOME_WORDS
    ) {
      this.scheduledEarly = true;
      process.nextTick(this.flushEarly);
    }
  }

  private handOverAndStart(): number {
    if (this.used === 0) return 0;
    const slab = this.handOver(true);
    if (!slab) return 0;
    try {
      return this.outside.runInAsyncScope(this.start, undefined, slab);
    } catch (error) {
      log('error', 'a slab from the addon could not be read', { error });
      return 0;
    }
  }

  private handOver(takes: boolean): ArrayBuffer | null | undefined {
    const count = this.used / layout.OUTCOME_WORDS;
    const { texts } = this;
    this.used = 0;
    this.texts = undefined;
    try {
      return this.settle(this.rows, count, texts, takes);
    } catch (error) {
      // A client that is closed while its handlers run has nobody to tell; anything else is a fault of ours.
      log('warn', `${count} outcomes of handlers could not be handed over`, { error });
      return undefined;
    }
  }
}
