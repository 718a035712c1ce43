import { setImmediate } from 'node:timers';
import type { Verdict } from './classify.js';
import * as layout from './layout.js';
import { log } from './logger.js';

// As many as a slab has rows: while JavaScript is at the next slab, the native side works on what this one freed.
const BATCH = 256;

/** Takes the outcomes of a turn of the event loop. */
export type Settle = (rows: Uint32Array, count: number, texts: string[] | undefined) => void;

/**
 * Collects how calls ended and hands them over once a turn of the event loop, or when there are many. A slab is delivered
 * in the poll phase and the hand-over runs in the check phase of the same turn, so a batch costs one crossing and waits
 * for nothing.
 */
export class Outcomes {
  // Bound: its length; the hand-over empties it.
  private readonly rows = new Uint32Array(BATCH * layout.OUTCOME_WORDS);
  private used = 0;
  private texts: string[] | undefined;
  private scheduled = false;
  private readonly flush = (): void => {
    this.scheduled = false;
    if (this.used > 0) this.handOver();
  };

  constructor(private readonly settle: Settle) {}

  succeeded(eventIndex: number, eventGeneration: number): void {
    this.add(eventIndex, eventGeneration, layout.OUTCOME_SUCCESS);
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
      this.handOver();
    } else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(this.flush);
    }
  }

  private handOver(): void {
    const count = this.used / layout.OUTCOME_WORDS;
    const { texts } = this;
    this.used = 0;
    this.texts = undefined;
    try {
      this.settle(this.rows, count, texts);
    } catch (error) {
      // A client that is closed while its handlers run has nobody to tell; anything else is a fault of ours.
      log('warn', `${count} outcomes of handlers could not be handed over`, { error });
    }
  }
}
