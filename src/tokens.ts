import { show } from './text.js';
import { readToken } from './token.js';

/** The native side that asks for tokens. */
export interface TokenTarget {
  token(value: string, expiresAtMs: number, principal: string, extensions: string[]): void;
  tokenFailed(reason: string): void;
}

const LONGEST_REASON = 300;

/**
 * Calls the application's callback when the native side asks for a token, and checks what it gives. When it is asked,
 * how long it may take and what follows a failure is decided on the native side.
 */
export class Tokens {
  readonly #callback: () => unknown;
  // Weak, for a call that never ends leads here, and nobody has to close an admin client.
  #target: WeakRef<TokenTarget> | undefined;
  // Kept to be taken out of what the callback throws; hidden from `inspect`, as all members are.
  #last = '';

  /** For a client of this configuration. */
  constructor(config: unknown) {
    this.#callback = callbackOf(config);
  }

  /** From now on tokens go there. */
  serve(target: TokenTarget): void {
    this.#target = new WeakRef(target);
  }

  /** A token is wanted. */
  wanted(): void {
    void this.#answer();
  }

  async #answer(): Promise<void> {
    try {
      const { value, expiresAtMs, principal, extensions } = readToken(await this.#call());
      this.#last = value;
      this.#target?.deref()?.token(value, expiresAtMs, principal, [...extensions]);
    } catch (error) {
      this.#target?.deref()?.tokenFailed(this.#worded(error));
    }
  }

  async #call(): Promise<unknown> {
    try {
      return await this.#callback();
    } catch (error) {
      // The name and the message alone: what else is in an error of a HTTP client may hold the credentials.
      throw new Error(`it threw ${error instanceof Error ? `${error.name}: ${error.message}` : show(error)}`);
    }
  }

  /** The reason of a failure, short, and without any token that stands in it. */
  #worded(error: unknown): string {
    let text = error instanceof Error ? error.message : show(error);
    if (this.#last !== '') text = text.replaceAll(this.#last, '<redacted>');
    // Each part of a web token is base64 of JSON, which begins like this.
    text = text.replace(/eyJ[\w-]{4,}(\.[\w-]*)*/g, '<redacted>').replace(/\p{Cc}+/gu, ' ');
    return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
  }
}

/** The callback of a configuration of any shape: the native side says what is wrong with it. */
function callbackOf(config: unknown): () => unknown {
  const security = (config as { security?: { token?: unknown } | null } | null | undefined)?.security;
  const token = security?.token;
  return () => (typeof token === 'function' ? (token.call(security) as unknown) : undefined);
}
