import { setImmediate } from 'node:timers';
import type { Dispatcher } from './dispatch.js';
import { ClosedError, ProsodyError } from './errors.js';
import type { KeepAlive } from './keep-alive.js';
import type { Entries } from './middleware.js';
import type { NativeClient } from './native.js';
import { fromNative } from './native-errors.js';

/** What `state` of the native client says while a consumer runs. */
const RUNNING = 2;

/** A step of a subscription: only the newest one matters for what may follow. */
interface Step {
  readonly kind: 'subscribe' | 'unsubscribe';
  readonly done: Promise<void>;
  failed: boolean;
  settled: boolean;
}

/**
 * Subscribing and unsubscribing, one after the other:
 *
 * ```text
 *            subscribe                 resolved
 *   idle ───────────────▶ subscribing ──────────▶ running
 *    ▲  ◀──────────────────────┘ failed             │ unsubscribe
 *    └──────────────────── unsubscribing ◀──────────┘
 * ```
 *
 * A step that is asked for while another one runs waits for it.
 */
export class Subscription {
  private last: Step | undefined;
  private tail: Promise<unknown> = Promise.resolve();
  private closed = false;
  private holding = false;
  // How many calls of unsubscribe wait inside a handler of this client.
  private waitingInside = 0;

  constructor(
    private readonly native: NativeClient,
    private readonly dispatcher: Dispatcher,
    private readonly keepAlive: KeepAlive,
  ) {}

  /** Subscribes; refused while a subscription is running or on its way. One whose consumer has ended by itself is over. */
  subscribe(prepare: () => Entries): Promise<void> {
    const entries = prepare();
    if (this.closed) throw new ClosedError();
    if (this.isSubscribed()) {
      throw new ProsodyError('the client is subscribed already: unsubscribe first, or use a second client', {
        code: 'ALREADY_SUBSCRIBED',
      });
    }
    return this.append('subscribe', async () => {
      this.dispatcher.use(entries);
      this.stayAlive(true);
      try {
        await this.native.subscribe(entries.handles);
      } catch (error) {
        this.stayAlive(false);
        throw error;
      }
    });
  }

  private isSubscribed(): boolean {
    const { last } = this;
    if (last?.kind !== 'subscribe' || last.failed) return false;
    // A consumer that was fenced, or crashed, has ended without an unsubscribe.
    return !last.settled || this.native.state() === RUNNING;
  }

  /**
   * Drains, commits and leaves; resolves at once if there is nothing to leave. Called inside a handler it resolves when
   * all other calls have ended, and the rest follows when the handler has returned.
   */
  unsubscribe(): Promise<void> {
    const inside = this.dispatcher.isInsideCall();
    const left = this.leave();
    return inside ? Promise.race([left, this.othersEnded()]) : left;
  }

  /** Like {@link unsubscribe}, but it always resolves at the very end, and nothing can follow it. */
  leaveForGood(): Promise<void> {
    this.closed = true;
    return this.leave();
  }

  private leave(): Promise<void> {
    const { last } = this;
    if (!last) return Promise.resolve();
    if (last.kind === 'unsubscribe' && !last.failed) return last.done;
    if (last.kind === 'subscribe' && last.failed) return Promise.resolve();
    return this.append('unsubscribe', async () => {
      // The subscription that this one waited for may have failed: then there is nothing to leave.
      if (last.kind === 'subscribe' && last.failed) return;
      // What was marked before the call is not to be given up as unmarked.
      this.dispatcher.handOver();
      try {
        await this.native.unsubscribe();
      } finally {
        // One that failed may leave a consumer that runs, which keeps the process alive, or none.
        if (this.native.state() !== RUNNING) this.stayAlive(false);
      }
    });
  }

  // A failed unsubscribe may be repeated, or followed by a subscribe: the hold is taken and given back once.
  private stayAlive(running: boolean): void {
    if (running === this.holding) return;
    this.holding = running;
    if (running) this.keepAlive.hold();
    else this.keepAlive.release();
  }

  private append(kind: Step['kind'], act: () => Promise<void>): Promise<void> {
    const done = this.tail.then(act).then(
      () => {
        step.settled = true;
      },
      (error: unknown) => {
        step.settled = true;
        step.failed = true;
        throw fromNative(error);
      },
    );
    const step: Step = { kind, done, failed: false, settled: false };
    this.last = step;
    this.tail = done.catch(() => undefined);
    return done;
  }

  private async othersEnded(): Promise<void> {
    const { dispatcher } = this;
    this.waitingInside += 1;
    try {
      // One turn for a slab that is on its way.
      await new Promise((resolve) => setImmediate(resolve));
      while (dispatcher.open > this.waitingInside) {
        await new Promise<void>((resolve) => {
          const before = dispatcher.onSettled;
          dispatcher.onSettled = () => {
            dispatcher.onSettled = before;
            before?.();
            resolve();
          };
        });
      }
    } finally {
      this.waitingInside -= 1;
    }
  }
}
