import { clearTimeout, setTimeout } from 'node:timers';
import { ProsodyError } from './errors.js';
import { show } from './text.js';
import { readToken, type ReadToken } from './token.js';

/** The native side that takes tokens; each call says how many parts of it want one. */
export interface TokenTarget {
  token(value: string, expiresAtMs: number, principal: string, extensions: string[]): number;
  tokenFailed(reason: string): number;
}

/** How long a call of the callback may take. */
const PATIENCE_MS = 10_000;
/** After so much of its life a token is replaced. librdkafka asks at four fifths: that is our fallback. */
const RENEW_AT = 0.75;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A failure is not said again within this time, unless there was a token meanwhile. */
const QUIET_MS = 30_000;
/** The longest time-out that Node knows. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const LONGEST_REASON = 300;

/**
 * Gets tokens from the application's callback when the native side wants the first, and keeps them fresh from then on.
 * One token serves all parts of a client, and there is one call at a time.
 *
 * Nothing here keeps the process alive, and its members are hidden from `inspect`, for one of them is the token.
 */
export class Tokens {
  readonly #callback: (() => unknown) | undefined;
  readonly #report: (error: ProsodyError) => void;
  // Weak, for timers lead here, and nobody has to close an admin client.
  #target: WeakRef<TokenTarget> | undefined;
  #held: ReadToken | undefined;
  #renewAt = 0;
  #asking = false;
  #failures = 0;
  #reason = '';
  #saidAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** For a client of this configuration. `report` hears of failures, each once in a while. */
  constructor(config: unknown, report: (error: ProsodyError) => void) {
    this.#callback = callbackOf(config);
    this.#report = report;
  }

  /** From now on tokens go there. */
  serve(target: TokenTarget): void {
    this.#target = new WeakRef(target);
  }

  /** A part of the native side wants a token. */
  wanted(): void {
    if (this.#closed) return;
    const now = Date.now();
    if (this.#held && now < this.#held.expiresAtMs) this.#give(this.#held);
    else if (this.#timer) this.#target?.deref()?.tokenFailed(this.#reason);
    if (this.#asking || this.#timer) return;
    if (this.#held && now < this.#renewAt) this.#renewIn(this.#renewAt - now);
    else void this.#renew();
  }

  /** Asks for nothing any more. */
  close(): void {
    this.#closed = true;
    this.#held = undefined;
    this.#stop();
  }

  async #renew(): Promise<void> {
    this.#stop();
    this.#asking = true;
    let token: ReadToken | undefined;
    let reason = '';
    try {
      token = await this.#ask();
    } catch (error) {
      reason = this.#worded(error);
    }
    this.#asking = false;
    if (this.#closed) return;
    if (token) this.#got(token);
    else this.#failed(reason);
  }

  async #ask(): Promise<ReadToken> {
    let given: unknown;
    try {
      given = await inTime(this.#callback);
    } catch (error) {
      if (error instanceof Late) throw error;
      throw new Error(`it threw ${nameOf(error)}`);
    }
    return readToken(given, Date.now());
  }

  #got(token: ReadToken): void {
    const now = Date.now();
    this.#held = token;
    this.#renewAt = now + RENEW_AT * (token.expiresAtMs - now);
    this.#failures = 0;
    this.#saidAt = -Infinity;
    // With nobody there who wants tokens, the next one waits for somebody who does.
    if (this.#give(token) > 0) this.#renewIn(this.#renewAt - now);
  }

  #give({ value, expiresAtMs, principal, extensions }: ReadToken): number {
    try {
      return this.#target?.deref()?.token(value, expiresAtMs, principal, [...extensions]) ?? 0;
    } catch {
      // It has been checked: it can only have ended on its way. The native error is no better than this.
      this.#held = undefined;
      this.#failed('its token ended before it could be used');
      return 0;
    }
  }

  #failed(reason: string): void {
    this.#reason = `the token callback failed: ${reason}`;
    const now = Date.now();
    if (now >= this.#saidAt + QUIET_MS) {
      this.#saidAt = now;
      const message = `${this.#reason}; it is called again: see to the option security.token`;
      this.#report(new ProsodyError(message, { code: 'TOKEN', retryable: true }));
    }
    const wanting = this.#target?.deref()?.tokenFailed(this.#reason) ?? 0;
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    if (wanting > 0) this.#renewIn(wait * (0.5 + Math.random() / 2));
  }

  #renewIn(ms: number): void {
    this.#stop();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#target?.deref()) void this.#renew();
      },
      Math.min(ms, LONGEST_TIMEOUT_MS),
    );
    this.#timer.unref();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The reason of a failure, short, and without any token that stands in it. */
  #worded(error: unknown): string {
    let text = error instanceof Error ? error.message : show(error);
    if (this.#held) text = text.replaceAll(this.#held.value, '<redacted>');
    // Each part of a web token is base64 of JSON, which begins like this.
    text = text.replace(/eyJ[\w-]{4,}(\.[\w-]*)*/g, '<redacted>').replace(/\p{Cc}+/gu, ' ');
    return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
  }
}

class Late extends Error {}

/** What the callback gives, or an error after the longest wait. */
async function inTime(callback: (() => unknown) | undefined): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Late(`it gave nothing within ${PATIENCE_MS / 1000} s`));
    }, PATIENCE_MS);
    timer.unref();
  });
  try {
    return await Promise.race([callback?.(), late]);
  } finally {
    clearTimeout(timer);
  }
}

// The name and the message alone: what else is in an error of a HTTP client may hold the credentials.
function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : show(error);
}

/** The callback of a configuration of any shape: the native side says what is wrong with it. */
function callbackOf(config: unknown): (() => unknown) | undefined {
  const security = (config as { security?: { token?: unknown } | null } | null | undefined)?.security;
  const token = security?.token;
  return typeof token === 'function' ? () => token.call(security) as unknown : undefined;
}
