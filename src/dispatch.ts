import { classify } from './classify.js';
import { CallContext } from './context.js';
import type { Message, Timer } from './handler.js';
import { callName, insideCall } from './inside.js';
import * as layout from './layout.js';
import { log } from './logger.js';
import { MARK_AWAITED, MARK_OPEN, NO_MARK, VOID_MARK } from './marking.js';
import { SlabMessage } from './message.js';
import type { Entries, Entry } from './middleware.js';
import { Outcomes, type Settle } from './outcomes.js';
import { Slab, type PartitionName } from './slab.js';

type Run = (entry: Entry, context: CallContext, event: Message | Timer) => Promise<void>;

/** Turns slabs into handler calls, and what becomes of them into outcomes. Nothing a handler does reaches the next. */
export class Dispatcher {
  private entries: Entries | undefined;
  // Bound: the highest partition index; the native side uses an index again once its partition is gone.
  private readonly partitions: PartitionName[] = [];
  // By event index, which the native side takes from a bounded table. A settlement removes its entry.
  private readonly calls: (CallContext | undefined)[] = [];
  private openCalls = 0;
  private readonly outcomes: Outcomes;
  private readonly name = callName();
  private readonly run: Run;
  /** Called after each settlement while somebody waits for calls to end. */
  onSettled: (() => void) | undefined;

  /** With `manual` a message is done when it is marked, not when its handler returns. */
  constructor(
    settle: Settle,
    private readonly manual = false,
  ) {
    this.outcomes = new Outcomes(
      settle,
      (slab) => this.accept(slab),
      () => this.openCalls,
    );
    this.run = this.namedRun();
  }

  /** How many calls have not ended. */
  get open(): number {
    return this.openCalls;
  }

  /** Whether the code that runs now was called by one of these handlers. */
  isInsideCall(): boolean {
    return this.openCalls > 0 && insideCall(this.name);
  }

  /** Hands over what handlers have returned and marked so far. */
  handOver(): void {
    this.outcomes.handOverNow();
  }

  /** From now on events go to these. */
  use(entries: Entries): void {
    this.entries = entries;
  }

  /** Starts the calls of a slab, in its order; how many rows it had. */
  accept(data: ArrayBuffer): number {
    const slab = new Slab(data);
    const end = layout.FIRST_ROW_W + slab.count * layout.ROW_WORDS;
    for (let row = layout.FIRST_ROW_W; row < end; row += layout.ROW_WORDS) {
      switch (slab.words[row]) {
        case layout.ROW_MESSAGE:
          this.startMessage(slab, row);
          break;
        case layout.ROW_ABORT:
          this.abort(slab, row);
          break;
        case layout.ROW_PARTITION:
          this.namePartition(slab, row);
          break;
        default:
          log(
            'error',
            `a slab row of unknown kind ${slab.words[row]}: addon and package are not of one release`,
          );
      }
    }
    return slab.count;
  }

  private startMessage(slab: Slab, row: number): void {
    const context = this.begin(
      slab.word(row, layout.EVENT_INDEX_W),
      slab.word(row, layout.EVENT_GENERATION_W),
    );
    const from = this.partitions[slab.word(row, layout.PARTITION_INDEX_W)];
    if (!from || !this.entries) {
      this.fail(
        context,
        new Error(from ? 'nobody is subscribed' : 'the partition of the message has no name'),
      );
      return;
    }
    let message: SlabMessage<unknown>;
    if (this.manual) {
      context.mark = MARK_OPEN;
      message = new SlabMessage(slab, row, from, context, this.outcomes);
    } else {
      message = new SlabMessage(slab, row, from);
    }
    void this.run(this.entries.onMessage, context, message);
  }

  private begin(eventIndex: number, eventGeneration: number): CallContext {
    const context = new CallContext(eventIndex, eventGeneration);
    this.calls[eventIndex] = context;
    this.openCalls += 1;
    return context;
  }

  // An async function, although a pair of callbacks would be some 15 ns faster: it takes thenables of any behaviour
  // once, and it stands on the stack of everything its handler awaits, by which isInsideCall knows it.
  private namedRun(): Run {
    const { name } = this;
    const succeed = this.succeed.bind(this);
    const fail = this.fail.bind(this);
    const named = {
      async [name](entry: Entry, context: CallContext, event: Message | Timer): Promise<void> {
        try {
          const result = entry.wantsSignal
            ? entry.invoke(context, event, context.signal)
            : entry.invoke(context, event);
          if (mayBeThenable(result)) await result;
        } catch (error) {
          fail(context, error);
          return;
        }
        succeed(context);
      },
    };
    return named[name] as Run;
  }

  private succeed(context: CallContext): void {
    if (context.mark === MARK_OPEN) {
      context.mark = MARK_AWAITED;
      this.outcomes.unmarked(context.eventIndex, context.eventGeneration);
    } else {
      this.outcomes.succeeded(context.eventIndex, context.eventGeneration);
    }
    this.ended(context);
  }

  private fail(context: CallContext, error: unknown): void {
    // A mark that was made before is void: the next attempt has a message of its own.
    if (context.mark !== NO_MARK) context.mark = VOID_MARK;
    this.outcomes.failed(context.eventIndex, context.eventGeneration, classify(error));
    this.ended(context);
  }

  private ended(context: CallContext): void {
    context.end();
    if (this.calls[context.eventIndex] === context) this.calls[context.eventIndex] = undefined;
    this.openCalls -= 1;
    this.onSettled?.();
  }

  private abort(slab: Slab, row: number): void {
    const context = this.calls[slab.word(row, layout.EVENT_INDEX_W)];
    if (context?.eventGeneration !== slab.word(row, layout.EVENT_GENERATION_W)) return;
    context.abort(slab.word(row, layout.ABORT_REASON_W));
  }

  private namePartition(slab: Slab, row: number): void {
    this.partitions[slab.word(row, layout.PARTITION_INDEX_W)] = {
      topic: slab.text(slab.word(row, layout.BODY_START_W), slab.length(row, layout.KEY_LENGTH_W)) ?? '',
      partition: slab.float(row, layout.PARTITION_NUMBER_W),
    };
  }
}

// Reading `then` is left to `await`: it may be a getter that throws, or that answers differently the second time.
function mayBeThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
