import type { Configuration } from './configuration.js';
import { environmentSnapshot } from './environment.js';
import { KeepAlive } from './keep-alive.js';
import { ensureLogger } from './logger.js';
import { nativeModule, type NativeAdmin } from './native.js';
import { fromNative } from './native-errors.js';

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
    try {
      this.#native = new Native(config ?? {}, environmentSnapshot());
    } catch (error) {
      throw fromNative(error);
    }
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
