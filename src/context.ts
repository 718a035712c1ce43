import { TimerError } from './errors.js';
import type { Context } from './handler.js';
import * as layout from './layout.js';
import { NO_MARK } from './marking.js';
import { INSPECT } from './text.js';

const OPEN = 0;
const CANCELLED = 1;
const ENDED = 2;

const REASONS: Record<number, [name: string, message: string]> = {
  [layout.ABORT_TIMEOUT]: ['TimeoutError', 'the handler ran past its deadline (option timeoutMs)'],
  [layout.ABORT_REVOKED]: ['AbortError', 'the partition is being given to another member of the group'],
  [layout.ABORT_SHUTDOWN]: ['AbortError', 'the client is being unsubscribed'],
  [layout.ABORT_LOST]: ['AbortError', 'the partition was lost: its messages may be running elsewhere'],
};

function reasonOf(code: number): DOMException {
  const [name, message] = REASONS[code] ?? ['AbortError', 'the handler was asked to stop'];
  return new DOMException(message, name);
}

function noTimers(): Promise<never> {
  const message =
    'timers need a store that keeps them, and this release has none yet: nothing was set or taken away';
  return Promise.reject(new TimerError(message, { code: 'NO_STORE' }));
}

/** One call of a handler, from its start to its settlement. It is made anew for each call and never used again. */
export class CallContext implements Context {
  private phase = OPEN;
  private reason: DOMException | undefined;
  private controller: AbortController | undefined;
  private waiting: (() => void)[] | undefined;
  /** How far the marking of the message has come; `marking.ts` says what the numbers mean. */
  mark = NO_MARK;

  constructor(
    /** The native side's name of the event; an index is used again, with another generation. */
    readonly eventIndex: number,
    readonly eventGeneration: number,
  ) {
    this.reason = undefined;
    this.controller = undefined;
    this.waiting = undefined;
  }

  get shouldCancel(): boolean {
    return this.reason !== undefined;
  }

  onCancel(): Promise<void> {
    if (this.phase !== OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      (this.waiting ??= []).push(resolve);
    });
  }

  schedule(_time: Date): Promise<void> {
    return noTimers();
  }

  clearAndSchedule(_time: Date): Promise<void> {
    return noTimers();
  }

  unschedule(_time: Date): Promise<void> {
    return noTimers();
  }

  clearScheduled(): Promise<void> {
    return noTimers();
  }

  scheduled(): Promise<Date[]> {
    return noTimers();
  }

  /** The signal of this call, made when it is first wanted. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Asks the call to stop, once; a call that has ended is asked nothing. */
  abort(code: number): void {
    if (this.phase !== OPEN) return;
    this.phase = CANCELLED;
    this.reason = reasonOf(code);
    this.wake();
    this.controller?.abort(this.reason);
  }

  /** Marks the call as settled. */
  end(): void {
    this.phase = ENDED;
    if (this.waiting) this.wake();
  }

  toJSON(): { shouldCancel: boolean } {
    return { shouldCancel: this.shouldCancel };
  }

  [INSPECT](): string {
    return `Context { shouldCancel: ${this.shouldCancel} }`;
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = undefined;
    waiting?.forEach((resolve) => {
      resolve();
    });
  }
}
