/** How to build a {@link ProsodyError}. */
export interface ProsodyErrorOptions {
  /** A stable name of the problem, in upper case. */
  code?: string;
  /** Whether the same call may succeed later. */
  retryable?: boolean;
  /** What led to it. */
  cause?: unknown;
}

/** How to build a {@link TransientError}. */
export interface TransientErrorOptions extends ProsodyErrorOptions {
  /** The least wait before the next attempt, in milliseconds. */
  retryAfterMs?: number;
}

/** One bad option of a configuration. */
export interface ConfigurationProblem {
  /** The option, as in `retryBaseMs` or `security.protocol`. */
  readonly path: string;
  /** The value that was given, shown as text; a secret is not shown. */
  readonly value: string;
  /** What is allowed. */
  readonly expected: string;
}

/**
 * Brands that another copy of this package recognises too: `instanceof` sees only the classes of one copy.
 */
export const PERMANENT_BRAND: unique symbol = Symbol.for('@prosody-events/prosody/permanent') as never;
export const TRANSIENT_BRAND: unique symbol = Symbol.for('@prosody-events/prosody/transient') as never;

// On the prototype and not enumerable, so that an inspected error shows its name once.
function nameClass(target: { prototype: object }, name: string, brand?: symbol): void {
  Object.defineProperty(target.prototype, 'name', { value: name, configurable: true, writable: true });
  if (brand) Object.defineProperty(target.prototype, brand, { value: true });
}

/** What every error of this package is. */
export class ProsodyError extends Error {
  /** A stable name of the problem, in upper case. */
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  static {
    nameClass(this, 'ProsodyError');
  }

  constructor(message: string, options: ProsodyErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = options.code ?? 'UNKNOWN';
    this.retryable = options.retryable ?? false;
  }
}

/** The configuration is refused; `problems` names everything that is wrong with it. */
export class ConfigurationError extends ProsodyError {
  /** Every bad option. */
  readonly problems: readonly ConfigurationProblem[];

  static {
    nameClass(this, 'ConfigurationError');
  }

  constructor(problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(
      ({ path, value, expected }) => `  ${path}: ${value} is not allowed, expected ${expected}`,
    );
    super(`the configuration is refused:\n${lines.join('\n')}`, { code: 'CONFIGURATION' });
    this.problems = problems;
  }
}

/** Throw it from a handler when no later attempt can succeed: the event is disposed of and not retried. */
export class PermanentError extends ProsodyError {
  static {
    nameClass(this, 'PermanentError', PERMANENT_BRAND);
  }

  constructor(message = 'the event cannot be handled', options: ProsodyErrorOptions = {}) {
    super(message, { code: 'PERMANENT', ...options, retryable: false });
  }

  /** Always true. */
  get isPermanent(): true {
    return true;
  }
}

/** Throw it from a handler when a later attempt may succeed, and to say how long to wait at least. */
export class TransientError extends ProsodyError {
  /** The least wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  static {
    nameClass(this, 'TransientError', TRANSIENT_BRAND);
  }

  constructor(message = 'the event cannot be handled now', options: TransientErrorOptions = {}) {
    super(message, { code: 'TRANSIENT', ...options, retryable: true });
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Always false. */
  get isPermanent(): false {
    return false;
  }
}

/** The value of a message is no JSON. It names the message, and says nothing of what the value holds. */
export class PayloadError extends PermanentError {
  static {
    nameClass(this, 'PayloadError');
  }

  constructor(message: string, options: ProsodyErrorOptions = {}) {
    super(message, { code: 'PAYLOAD', ...options });
  }
}

/** A record was not sent, or nothing is known of it; `code` and `retryable` say which. */
export class SendError extends ProsodyError {
  static {
    nameClass(this, 'SendError');
  }

  constructor(message: string, options: ProsodyErrorOptions = {}) {
    super(message, { code: 'SEND', ...options });
  }
}

/** A timer call failed. */
export class TimerError extends ProsodyError {
  static {
    nameClass(this, 'TimerError');
  }

  constructor(message: string, options: ProsodyErrorOptions = {}) {
    super(message, { code: 'TIMER', ...options });
  }
}

/** The client has been closed. */
export class ClosedError extends ProsodyError {
  static {
    nameClass(this, 'ClosedError');
  }

  constructor(message = 'the client is closed: create a new one', options: ProsodyErrorOptions = {}) {
    super(message, { code: 'CLOSED', ...options });
  }
}
