import { AbortWatch, type Abortable } from './abort-watch.js';
import { ClosedError, SendError } from './errors.js';
import type { KeepAlive } from './keep-alive.js';
import * as layout from './layout.js';
import type { NativeClient } from './native.js';
import { fromNative, sendErrorOf } from './native-errors.js';
import { Packer } from './pack.js';
import { refuse, sendOptions, type SendOptions, type SendRecord, type SendResult } from './records.js';

// More than this is not collected in one turn: it goes at once, and the next record starts a new crossing.
const CROSSING_BYTES = 4 * 1024 * 1024;

/** Whoever waits for the report of one record. */
interface Waiting {
  acknowledged(partition: number, offset: number): void;
  failed(error: unknown): void;
}

/** Records that were handed over between two flushes. */
interface Batch {
  open: number;
  emptied: (() => void)[];
}

interface Ticket {
  readonly waiting: Waiting;
  readonly batch: Batch;
}

/** The sending half of a client: packs records, hands them over once a turn, and settles their promises. */
export class Sender {
  private readonly packer: Packer;
  private readonly aborts = new AbortWatch();
  // By ticket number. Bound: records that wait for a report, which the native side bounds; the report removes its entry.
  private readonly tickets: (Ticket | undefined)[] = [];
  private readonly freeTickets: number[] = [];
  // Tickets of records that are packed and not handed over yet.
  private packed: number[] = [];
  private batch: Batch = { open: 0, emptied: [] };
  private previous: Promise<void> = Promise.resolve();
  private unanswered = 0;
  private scheduled = false;
  private closed = false;
  private readonly handOverSoon = (): void => {
    this.scheduled = false;
    this.handOver();
  };

  constructor(
    private readonly native: Pick<NativeClient, 'send'>,
    private readonly keepAlive: KeepAlive,
    sourceSystem: string | undefined,
  ) {
    this.packer = new Packer(sourceSystem);
  }

  /** Sends one record. */
  send(record: SendRecord, given: AbortSignal | SendOptions | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = sendOptions(given);
      const signal = options?.signal;
      if (signal?.aborted) throw signal.reason;
      const waiting = new OneSend(resolve, reject, signal, this.aborts);
      this.add(options ? { ...options, ...record } : record, waiting);
      if (signal) this.aborts.add(signal, waiting);
    });
  }

  /** Sends records in one crossing; each has its own result. */
  sendMany(records: Iterable<SendRecord>): Promise<SendResult[]> {
    return new Promise((resolve) => {
      const many = new ManySends(resolve);
      try {
        for (const record of records) {
          const waiting = many.next();
          try {
            if (typeof record !== 'object' || (record as unknown) === null)
              throw refuse('a record', record, 'an object');
            this.add(record, waiting);
          } catch (error) {
            waiting.failed(error);
          }
        }
      } catch (error) {
        // Not iterable, or iterating threw: what came before it is sent.
        many
          .next()
          .failed(
            new SendError('the records cannot be iterated', { code: 'INVALID_ARGUMENT', cause: error }),
          );
      }
      many.complete();
    });
  }

  /** Hands over what is packed and resolves when every record sent so far has its report. */
  flushed(): Promise<void> {
    this.handOver();
    const { batch } = this;
    const before = this.previous;
    this.batch = { open: 0, emptied: [] };
    this.previous = Promise.all([before, emptied(batch)]).then(() => undefined);
    return this.previous;
  }

  /** Settles the records that a call of the native side reports on. */
  report(data: ArrayBuffer): void {
    const words = new Uint32Array(data, 0, data.byteLength >>> 2);
    const floats = new Float64Array(data, 0, data.byteLength >>> 3);
    const count = words[0] ?? 0;
    for (let index = 0; index < count; index++) {
      const row = layout.REPORT_FIRST_ROW_W + index * layout.REPORT_ROW_WORDS;
      const waiting = this.release(words[row] ?? 0);
      if (!waiting) continue;
      if (words[row + layout.REPORT_OUTCOME_W] === 1) {
        const partition = floats[(row + layout.REPORT_PARTITION_W) >>> 1] ?? -1;
        waiting.acknowledged(partition, floats[(row + layout.REPORT_OFFSET_W) >>> 1] ?? -1);
      } else {
        const start = words[row + layout.REPORT_ERROR_START_W] ?? 0;
        const length = words[row + layout.REPORT_ERROR_LENGTH_W] ?? 0;
        waiting.failed(sendErrorOf(Buffer.from(data, start, length).toString('utf8')));
      }
    }
  }

  /** Refuses further records, and fails those whose report can no longer come. */
  close(): void {
    this.closed = true;
    this.tickets.forEach((ticket, number) => {
      if (ticket)
        this.release(number)?.failed(
          new ClosedError('the client was closed before the record was acknowledged'),
        );
    });
  }

  /** No further records. */
  refuseMore(): void {
    this.handOver();
    this.closed = true;
  }

  private add(record: SendRecord, waiting: Waiting): void {
    if (this.closed) throw new ClosedError();
    const ticket = this.freeTickets.pop() ?? this.tickets.length;
    const { batch } = this;
    try {
      // Taken before it is packed: a toJSON that calls send would take the same number.
      this.tickets[ticket] = { waiting, batch };
      this.packer.add(ticket, record);
    } catch (error) {
      this.tickets[ticket] = undefined;
      this.freeTickets.push(ticket);
      throw error;
    }
    batch.open += 1;
    this.packed.push(ticket);
    if (this.unanswered++ === 0) this.keepAlive.hold();
    if (this.packer.size > CROSSING_BYTES) this.handOver();
    else if (!this.scheduled) {
      this.scheduled = true;
      queueMicrotask(this.handOverSoon);
    }
  }

  private handOver(): void {
    if (this.packer.count === 0) return;
    const { bytes, count } = this.packer.take();
    const tickets = this.packed;
    this.packed = [];
    try {
      this.native.send(bytes, count);
    } catch (thrown) {
      const error = asSendError(fromNative(thrown));
      for (const ticket of tickets) this.release(ticket)?.failed(error);
    }
  }

  private release(number: number): Waiting | undefined {
    const ticket = this.tickets[number];
    if (!ticket) return undefined;
    this.tickets[number] = undefined;
    this.freeTickets.push(number);
    const { batch } = ticket;
    batch.open -= 1;
    if (batch.open === 0) {
      batch.emptied.forEach((done) => {
        done();
      });
    }
    if (--this.unanswered === 0) this.keepAlive.release();
    return ticket.waiting;
  }
}

function emptied(batch: Batch): Promise<void> | undefined {
  if (batch.open === 0) return undefined;
  return new Promise((resolve) => {
    batch.emptied.push(resolve);
  });
}

function asSendError(error: unknown): unknown {
  if (error instanceof SendError || error instanceof ClosedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SendError(`the records could not be handed over: ${message}`, {
    code: 'HAND_OVER',
    cause: error,
  });
}

class OneSend implements Waiting, Abortable {
  constructor(
    private readonly resolve: () => void,
    private readonly reject: (error: unknown) => void,
    private readonly signal: AbortSignal | undefined,
    private readonly aborts: AbortWatch,
  ) {}

  acknowledged(): void {
    if (this.signal) this.aborts.remove(this.signal, this);
    this.resolve();
  }

  failed(error: unknown): void {
    if (this.signal) this.aborts.remove(this.signal, this);
    this.reject(error);
  }

  // The report that still comes finds a settled promise.
  aborted(reason: unknown): void {
    this.reject(reason);
  }
}

class ManySends {
  private readonly results: SendResult[] = [];
  private missing = 1;
  private count = 0;

  constructor(private readonly resolve: (results: SendResult[]) => void) {}

  next(): Waiting {
    this.missing += 1;
    return new OneOfMany(this, this.count++);
  }

  /** There are no more records. */
  complete(): void {
    if (--this.missing === 0) this.resolve(this.results);
  }

  settle(index: number, result: SendResult): void {
    this.results[index] = result;
    this.complete();
  }
}

class OneOfMany implements Waiting {
  constructor(
    private readonly many: ManySends,
    private readonly index: number,
  ) {}

  acknowledged(partition: number, offset: number): void {
    this.many.settle(this.index, { ok: true, partition, offset });
  }

  failed(error: unknown): void {
    this.many.settle(this.index, { ok: false, error });
  }
}
