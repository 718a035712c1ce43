import type { Configuration } from './configuration.js';
import { Dispatcher } from './dispatch.js';
import { environmentSnapshot } from './environment.js';
import { SendError } from './errors.js';
import { Events, type ClientEvent, type Listener } from './events.js';
import { PARKED_LISTED, readExplanation, type Explanation } from './explanation.js';
import type { Handler, Middleware } from './handler.js';
import { KeepAlive } from './keep-alive.js';
import * as layout from './layout.js';
import { ensureLogger, log, logBatch } from './logger.js';
import { prepareHandler } from './middleware.js';
import { ConsumerState } from './mode.js';
import { nativeModule, type NativeClient, type Sink } from './native.js';
import { fromNative } from './native-errors.js';
import type { SendOptions, SendRecord, SendResult } from './records.js';
import { Sender } from './send.js';
import { Subscription } from './subscription.js';
import { show } from './text.js';
import { Tokens } from './tokens.js';

// Early releases of Node 20 have no such symbol; then there is no `await using` either.
const asyncDispose: typeof Symbol.asyncDispose =
  (Symbol as Partial<SymbolConstructor>).asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as never);

const STATES = [ConsumerState.Unconfigured, ConsumerState.Configured, ConsumerState.Running] as const;

interface Settings {
  readonly sourceSystem?: string | null;
  readonly warnings?: readonly string[];
  readonly sendTimeoutMs: number;
  readonly ack?: 'auto' | 'manual';
}

/**
 * A client: a producer from the moment it is made, and a consumer from `subscribe` on.
 *
 * @example
 * const client = new ProsodyClient({ bootstrapServers: 'localhost:9092', groupId: 'billing', subscribedTopics: 'orders' });
 * await client.subscribe({
 *   async onMessage(context, message) {
 *     await charge(message.key, message.payload);
 *   },
 * });
 */
export class ProsodyClient {
  readonly #native: NativeClient;
  readonly #receiver: Receiver = {};
  readonly #settings: Settings;
  readonly #events = new Events();
  readonly #keepAlive = new KeepAlive();
  readonly #dispatcher: Dispatcher;
  readonly #sender: Sender;
  readonly #subscription: Subscription;
  readonly #middlewares: Middleware[] = [];
  readonly #tokens: Tokens;
  #closing: Promise<void> | undefined;

  /**
   * Checks the configuration and starts the producer. It does no I/O of its own and does not wait for a broker.
   *
   * Errors: a {@link ConfigurationError} with every problem of the configuration and the environment.
   */
  constructor(config?: Configuration) {
    ensureLogger();
    const { NativeClient: Native } = nativeModule();
    this.#tokens = new Tokens(config);
    try {
      this.#receiver.receive = (kind, data) => {
        this.#receive(kind, data);
      };
      this.#native = new Native(config ?? {}, environmentSnapshot(), sinkTo(this.#receiver));
      this.#settings = JSON.parse(this.#native.settings()) as Settings;
    } catch (error) {
      throw fromNative(error);
    }
    const native = this.#native;
    this.#tokens.serve(native);
    this.#dispatcher = new Dispatcher(
      (rows, count, texts, takes) => native.settle(rows, count, texts, takes),
      this.#settings.ack === 'manual',
    );
    this.#sender = new Sender(native, this.#keepAlive, this.#settings.sourceSystem ?? undefined);
    this.#subscription = new Subscription(native, this.#dispatcher, this.#keepAlive);
    for (const warning of this.#settings.warnings ?? []) log('warn', warning);
  }

  /**
   * Sends one record and resolves when the brokers have it. Records of one key keep their order.
   *
   * The payload is serialized as JSON; a `Uint8Array` is sent as it is and `null` is a tombstone. The header
   * `source-system` is added.
   *
   * Errors: a {@link SendError} says by `retryable` whether to try again, and names a bad argument; the reason of the
   * signal once that has aborted, though the record may still be sent; a {@link ClosedError}.
   */
  send(
    topic: string,
    key: string | null,
    payload: unknown,
    signalOrOptions?: AbortSignal | SendOptions,
  ): Promise<void> {
    return this.#sender.send({ topic, key, payload }, signalOrOptions);
  }

  /**
   * Sends many records at once and resolves with what became of each, in their order. It never rejects.
   *
   * Order: records of one key keep it, among themselves and with other sends.
   */
  sendMany(records: Iterable<SendRecord>): Promise<SendResult[]> {
    return this.#sender.sendMany(records);
  }

  /**
   * Resolves when every record sent so far has been acknowledged or refused.
   *
   * Errors: a {@link SendError} with the code `FLUSH_TIMEOUT` if that takes longer than `sendTimeoutMs` allows.
   */
  async flush(): Promise<void> {
    const reported = this.#sender.flushed();
    const { sendTimeoutMs } = this.#settings;
    this.#keepAlive.hold();
    try {
      const flushed = await this.#native.flush(sendTimeoutMs);
      if (!flushed) {
        throw new SendError(
          `records were still on their way after ${sendTimeoutMs} ms (option sendTimeoutMs)`,
          {
            code: 'FLUSH_TIMEOUT',
            retryable: true,
          },
        );
      }
      await reported;
    } catch (error) {
      throw fromNative(error);
    } finally {
      this.#keepAlive.release();
    }
  }

  /**
   * Starts to consume; resolves once the consumer runs. A failed call can be repeated.
   *
   * If nobody awaits it, a failure does not end the process: it is logged and emitted as `error` in any case.
   */
  subscribe<P = unknown>(handler: Handler<P>): Promise<void> {
    // Async for its rejections: what it does before its first await happens at once.
    const subscribe = async (): Promise<void> => {
      await this.#subscription.subscribe(() => prepareHandler(handler, this.#middlewares));
    };
    const done = subscribe();
    done.catch((error: unknown) => {
      const failure = error instanceof Error ? error : new Error(`subscribe failed with ${show(error)}`);
      if (this.#events.listens('error')) log('error', `subscribe failed: ${failure.message}`, { error });
      this.#events.emit('error', failure);
    });
    return done;
  }

  /**
   * Stops the intake, waits for the calls that have started, commits and leaves the group; resolves within
   * `shutdownTimeoutMs`. Resolves at once if the client is not subscribed, and after a subscribe that is on its way.
   *
   * Inside a handler it does not wait for that handler's own call: it resolves when the others have ended, and the
   * consumer leaves when the handler has returned.
   */
  unsubscribe(): Promise<void> {
    const done = this.#subscription.unsubscribe();
    done.catch((error: unknown) => {
      log('error', `unsubscribe failed: ${error instanceof Error ? error.message : show(error)}`, { error });
    });
    return done;
  }

  /** What the consumer is doing. */
  get consumerState(): ConsumerState {
    return STATES[this.#native.state()] ?? ConsumerState.Unconfigured;
  }

  /** How many partitions this client has now. */
  get assignedPartitionCount(): number {
    return this.#native.assignedPartitionCount();
  }

  /**
   * Whether a partition gets nowhere: it has work and has seen no call end for `stallThresholdMs`, or parked keys use up
   * what it may hold. The event `stalled` says which one, and why.
   */
  get isStalled(): boolean {
    return this.#native.isStalled();
  }

  /**
   * What holds each partition, and which keys are parked, why, and until when: for people who look at a consumer that
   * stands still. Without a consumer that runs its lists are empty.
   *
   * It takes microseconds for a few records in hand and some 20 ms for a hundred thousand parked keys, and does not wait
   * for a busy consumer for longer than a tenth of a second.
   *
   * @example
   * for (const { topic, partition, held, blocking } of client.explain().partitions) {
   *   if (held) console.log(`${topic}/${partition}: ${held.bound}`, blocking?.key, blocking?.error, blocking?.until);
   * }
   */
  explain(): Explanation {
    try {
      return readExplanation(this.#native.explain(PARKED_LISTED));
    } catch (error) {
      throw fromNative(error);
    }
  }

  /** What the header `source-system` of sent records says; empty if nothing is configured. */
  get sourceSystem(): string {
    return this.#settings.sourceSystem ?? '';
  }

  /**
   * Puts a function around both handler methods, from the next `subscribe` on.
   *
   * Order: the one that was added first is the outermost.
   *
   * @example
   * client.use((next) => async (context, event, signal) => {
   *   const start = performance.now();
   *   await next(context, event, signal);
   *   observe(performance.now() - start);
   * });
   */
  use(middleware: Middleware): this {
    if (typeof middleware !== 'function')
      throw new TypeError(`the middleware is ${show(middleware)}, not a function`);
    this.#middlewares.push(middleware);
    return this;
  }

  /** Calls the listener each time. An `error` that nobody listens to is logged, never thrown. */
  on<E extends ClientEvent>(event: E, listener: Listener<E>): this {
    this.#events.add(event, listener, false);
    return this;
  }

  /** Calls the listener the next time only. */
  once<E extends ClientEvent>(event: E, listener: Listener<E>): this {
    this.#events.add(event, listener, true);
    return this;
  }

  /** Takes a listener back. */
  off<E extends ClientEvent>(event: E, listener: Listener<E>): this {
    this.#events.remove(event, listener);
    return this;
  }

  /** Unsubscribes, flushes and closes; the client cannot be used any more. It may be called more than once. */
  async [asyncDispose](): Promise<void> {
    const inside = this.#dispatcher.isInsideCall();
    const others = this.#subscription.unsubscribe();
    this.#closing ??= this.#close(this.#subscription.leaveForGood());
    this.#closing.catch(() => undefined);
    // Inside a handler the rest cannot happen before that handler has returned.
    return inside ? others : this.#closing;
  }

  async #close(left: Promise<void>): Promise<void> {
    try {
      await left;
    } catch (error) {
      log('error', 'the client could not leave its group; it is closed all the same', { error });
    }
    try {
      await this.flush();
    } catch (error) {
      log('warn', 'not every record was acknowledged before the client was closed', { error });
    }
    this.#sender.refuseMore();
    try {
      await this.#native.close();
    } catch (error) {
      throw fromNative(error);
    } finally {
      this.#sender.close();
      this.#keepAlive.close();
      delete this.#receiver.receive;
    }
  }

  // Called by the native side: nothing may leave it, for it would be an uncaught exception.
  #receive(kind: number, data: ArrayBuffer | string | null): void {
    try {
      // None where an answer to outcomes has brought the slab already.
      if (data === null) return;
      if (kind === layout.SINK_SLAB) this.#dispatcher.accept(data as ArrayBuffer);
      else if (kind === layout.SINK_REPORTS) this.#sender.report(data as ArrayBuffer);
      else if (kind === layout.SINK_LOG) logBatch(data as string);
      else if (kind === layout.SINK_EVENT) this.#events.emitBatch(data as string);
      else if (kind === layout.SINK_TOKEN) this.#tokens.wanted();
      else if (kind === layout.SINK_PING)
        return; // that it came here is the answer
      else
        log(
          'error',
          `a call of unknown kind ${kind} from the addon: addon and package are not of one release`,
        );
    } catch (error) {
      log('error', 'a call from the addon could not be read', { kind, error });
    }
  }
}

/** Where calls from the native side go; nowhere once the client is closed. */
interface Receiver {
  receive?: Sink;
}

// The native side roots its sink for as long as it lives itself. One that led to the client would keep both for ever, so
// it is made out here, where its scope has no `this`, and closing the client cuts it off.
function sinkTo(receiver: Receiver): Sink {
  return (kind, data) => {
    receiver.receive?.(kind, data);
  };
}
