/** What came with a log line. */
export type LogMetadata = Record<string, unknown>;

/** Where log lines go. Each method may be called at any time and should not throw. */
export interface Logger {
  trace(message: string, metadata?: LogMetadata): void;
  debug(message: string, metadata?: LogMetadata): void;
  info(message: string, metadata?: LogMetadata): void;
  warn(message: string, metadata?: LogMetadata): void;
  error(message: string, metadata?: LogMetadata): void;
}

/** The five levels. */
export type LogLevel = keyof Logger;

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

function isLevel(value: unknown): value is LogLevel {
  return LEVELS.includes(value as LogLevel);
}

function print(write: (...parts: unknown[]) => void, message: string, metadata?: LogMetadata): void {
  if (metadata && Object.keys(metadata).length > 0) write(`prosody: ${message}`, metadata);
  else write(`prosody: ${message}`);
}

/* eslint-disable no-console -- this is the logger that writes to the console */
const consoleLogger: Logger = {
  // Too many lines for a default; a logger of your own gets them.
  trace: () => undefined,
  debug: () => undefined,
  info: (message, metadata) => {
    print(console.info, message, metadata);
  },
  warn: (message, metadata) => {
    print(console.warn, message, metadata);
  },
  error: (message, metadata) => {
    print(console.error, message, metadata);
  },
};
/* eslint-enable no-console */

let current: Logger | undefined;

function checked(logger: Logger): Logger {
  const missing = LEVELS.filter(
    (level) => typeof (logger as Partial<Logger> | undefined)?.[level] !== 'function',
  );
  if (missing.length > 0) throw new TypeError(`the logger has no method ${missing.join(', ')}`);
  return logger;
}

/**
 * Sends all log lines of this process's clients to `logger`.
 *
 * Errors: a `TypeError` names the levels that the logger has no method for.
 */
export function setLogger(logger: Logger): void {
  current = checked(logger);
}

/** Like {@link setLogger}, unless a logger is there already. Says whether it was set. */
export function setLoggerIfUnset(logger: Logger): boolean {
  if (current) return false;
  current = checked(logger);
  return true;
}

/** The logger in use: the one that was set, else the console, which shows `info` and above. */
export function getCurrentLogger(): Logger {
  return current ?? consoleLogger;
}

/** From the first client on the console is the logger that is set, unless there is another. */
export function ensureLogger(): void {
  current ??= consoleLogger;
}

/** Puts the module back to its state at import, for tests. */
export function forgetLogger(): void {
  current = undefined;
}

/** Writes one line; a logger that throws loses its line and nothing else. */
export function log(level: LogLevel, message: string, metadata?: LogMetadata): void {
  try {
    getCurrentLogger()[level](message, metadata);
  } catch {
    consoleLogger.error(`the logger threw; its line was: ${message}`);
  }
}

/** Writes a batch of lines as the native side sends them. */
export function logBatch(json: string): void {
  const lines = JSON.parse(json) as { level?: unknown; message?: unknown; fields?: LogMetadata }[];
  for (const { level, message, fields } of lines)
    log(isLevel(level) ? level : 'info', String(message), fields);
}
