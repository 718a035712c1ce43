/** The headers of a message, in their order; a name may occur more than once. */
export interface MessageHeaders extends Iterable<readonly [name: string, value: string | null]> {
  /** How many there are. */
  readonly size: number;
  /** The last value of that name; `null` for one without a value, `undefined` if there is none of that name. */
  get(name: string): string | null | undefined;
  /** All values of that name, in order. */
  getAll(name: string): (string | null)[];
  /** Names and bytes, in order. Fits as `headers` of a send. */
  readonly raw: readonly (readonly [name: string, value: Uint8Array | null])[];
}

/**
 * A message. Each part is decoded when it is first read, so what a handler does not look at costs nothing.
 *
 * @typeParam P - what the payload is taken for; nothing checks it.
 */
export interface Message<P = unknown> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** An invalid `Date` if the record has no timestamp or one beyond what `Date` can hold. */
  readonly timestamp: Date;
  /** `null` for a record without a key. Bytes that are no UTF-8 are replaced; `rawKey` has them. */
  readonly key: string | null;
  /**
   * The value, parsed as JSON at the first read; `null` for a tombstone.
   *
   * Errors: a {@link PayloadError}, which is permanent, if the value is no JSON.
   */
  readonly payload: P;
  readonly headers: MessageHeaders;
  /**
   * The bytes of the value; `null` for a tombstone. A view of memory that messages read together share: copy what is to
   * be written to.
   */
  readonly rawPayload: Uint8Array | null;
  /** The bytes of the key, a view like that of `rawPayload`. */
  readonly rawKey: Uint8Array | null;
  /** 1 for the first attempt. It starts again with a new process unless a store kept it. */
  readonly attempt: number;
  /**
   * Marks the message as done, with the option `ack: 'manual'`: at once, without waiting for the broker, and also after the
   * handler has returned. A handler that returns without it frees its slot; the messages behind it of the same key wait.
   * A handler that throws after it has failed all the same. A second call does nothing, and neither does one that comes
   * when the partition has been given up: its next owner gets the message again.
   *
   * Errors: a {@link ProsodyError} with the code `ACK_AUTO` if `ack` is not `manual`; nothing changes by it.
   */
  commit(): void;
  /** The message as plain data, for `JSON.stringify`. */
  toJSON(): {
    topic: string;
    partition: number;
    offset: number;
    timestamp: Date;
    key: string | null;
    payload: P;
  };
}

/** A timer that is due. */
export interface Timer {
  readonly key: string;
  /** When it was due. */
  readonly time: Date;
  /** The named set it belongs to. */
  readonly name: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** The call that handles one event. */
export interface Context {
  /** Whether the call is asked to stop: its deadline has passed, or its partition is being taken away. */
  readonly shouldCancel: boolean;
  /** Resolves when the call is asked to stop, and also once the handler has ended. */
  onCancel(): Promise<void>;
  /**
   * Sets a timer for the key of the event in hand.
   *
   * Errors: a {@link TimerError}, from this and the other timer calls; this release has no store that would keep timers.
   */
  schedule(time: Date): Promise<void>;
  /** Takes all timers of the key away and sets one. */
  clearAndSchedule(time: Date): Promise<void>;
  /** Takes the key's timer of that time away. */
  unschedule(time: Date): Promise<void>;
  /** Takes all timers of the key away. */
  clearScheduled(): Promise<void>;
  /** When the key's timers are due. */
  scheduled(): Promise<Date[]>;
}

/**
 * What an application does with its events: an object or an instance of a class, called with `this` bound to it.
 *
 * A call that returns has succeeded, whatever it returns. One that throws or rejects, with anything at all, has failed:
 * for now, so that it is retried, unless the error is permanent. The methods are looked up once, at `subscribe`.
 *
 * `signal` aborts when the call is asked to stop. Making one costs microseconds on Node 20, so a method that declares
 * two parameters or fewer, and uses neither rest parameters, defaults nor `arguments`, is called without it.
 */
export interface Handler<P = unknown> {
  onMessage?(context: Context, message: Message<P>, signal: AbortSignal): unknown;
  onTimer?(context: Context, timer: Timer, signal: AbortSignal): unknown;
}

/** A handler method, as a middleware sees it. */
export type Next = (context: Context, event: Message | Timer, signal: AbortSignal) => unknown;

/** Wraps both handler methods: `(next) => (context, event, signal) => …`. */
export type Middleware = (next: Next) => Next;
