import type { Configuration } from './configuration.js';
import { environmentSnapshot } from './environment.js';
import { KeepAlive } from './keep-alive.js';
import * as layout from './layout.js';
import { ensureLogger, log, logBatch } from './logger.js';
import { nativeModule, type NativeAdmin, type Sink } from './native.js';
import { fromNative } from './native-errors.js';
import { Tokens } from './tokens.js';

/** Creates and deletes topics. */
export class AdminClient {
  readonly #native: NativeAdmin;
  readonly #keepAlive = new KeepAlive();

  /**
   * Takes the addresses of brokers, or a configuration such as a client's.
   *
   * Errors: a {@link ConfigurationError} with every problem.
   */
  constructor(config?: string | Configuration) {
    ensureLogger();
    const { NativeAdmin: Native } = nativeModule();
    const tokens = new Tokens(config);
    try {
      this.#native = new Native(config ?? {}, environmentSnapshot(), sinkTo(tokens));
    } catch (error) {
      throw fromNative(error);
    }
    tokens.serve(this.#native);
    const { warnings } = JSON.parse(this.#native.settings()) as { warnings: string[] };
    for (const warning of warnings) log('warn', warning);
  }

  /**
   * Creates a topic.
   *
   * Errors: a {@link ProsodyError} with the broker's code, such as `TOPIC_EXISTS`.
   */
  createTopic(name: string, partitions: number, replicationFactor: number): Promise<void> {
    return this.#call(() => this.#native.createTopic(name, partitions, replicationFactor));
  }

  /**
   * Deletes a topic and everything in it.
   *
   * Errors: a {@link ProsodyError} with the broker's code, such as `UNKNOWN_TOPIC`.
   */
  deleteTopic(name: string): Promise<void> {
    return this.#call(() => this.#native.deleteTopic(name));
  }

  async #call(act: () => Promise<void>): Promise<void> {
    this.#keepAlive.hold();
    try {
      await act();
    } catch (error) {
      throw fromNative(error);
    } finally {
      this.#keepAlive.release();
    }
  }
}

// Made out here, where no scope leads to the admin client: nobody closes one, and its native side roots its sink.
function sinkTo(tokens: Tokens): Sink {
  return (kind, data) => {
    if (kind === layout.SINK_TOKEN) tokens.wanted();
    else if (kind === layout.SINK_LOG) logBatch(data as string);
  };
}
