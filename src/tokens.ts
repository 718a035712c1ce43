import { log } from './logger.js';
import { show } from './text.js';
import { readToken, type ReadToken } from './token.js';

/** The native side that asks for tokens. */
export interface TokenTarget {
  token(value: string, expiresAtMs: number, principal: string, extensions: string[]): void;
  tokenFailed(reason: string): void;
}

const LONGEST_REASON = 300;
/** A call counts as lost after so many questions that it left unanswered: with their growing waits, about a minute. */
const LOST_AFTER = 6;

/** A call of the callback that has not ended. */
interface Call {
  unanswered: number;
}

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
  // One at a time, so that calls which never end do not pile up; a lost one makes room for one.
  #open: Call | undefined;

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
    if (this.#open && this.#open.unanswered < LOST_AFTER) {
      this.#open.unanswered += 1;
      this.#refuse('the call before has not ended');
      return;
    }
    const own: Call = { unanswered: 0 };
    this.#open = own;
    let token: ReadToken;
    try {
      token = readToken(await this.#call());
    } catch (error) {
      // That a lost call failed is known already.
      if (this.#ended(own)) this.#refuse(this.#worded(error));
      return;
    }
    this.#ended(own);
    this.#last = token.value;
    try {
      this.#target?.deref()?.token(token.value, token.expiresAtMs, token.principal, [...token.extensions]);
    } catch (error) {
      this.#refuse(this.#worded(error));
    }
  }

  /** Whether this was the call that questions wait for. */
  #ended(call: Call): boolean {
    if (this.#open !== call) return false;
    this.#open = undefined;
    return true;
  }

  #refuse(reason: string): void {
    try {
      this.#target?.deref()?.tokenFailed(reason);
    } catch (error) {
      log('error', 'the failure of a token callback could not be handed over', { error });
    }
  }

  async #call(): Promise<unknown> {
    try {
      return await this.#callback();
    } catch (error) {
      // The name and the message alone: what else is in an error of a HTTP client may hold the credentials.
      throw new Error(`it threw ${safely(() => named(error))}`);
    }
  }

  /** The reason of a failure, short, and without any token that stands in it. */
  #worded(error: unknown): string {
    let text = safely(() => messageOf(error) || named(error));
    if (this.#last !== '') text = text.replaceAll(this.#last, '<redacted>');
    // Each part of a web token is base64 of JSON, which begins like this.
    text = text.replace(/eyJ[\w-]{4,}(\.[\w-]*)*/g, '<redacted>').replace(/\p{Cc}+/gu, ' ');
    return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
  }
}

/** Words for what may have getters that throw, or members of any type. */
function safely(words: () => string): string {
  try {
    return words();
  } catch {
    return 'what cannot be read';
  }
}

function named(thrown: unknown): string {
  if (!(thrown instanceof Error)) return show(thrown);
  const name: unknown = thrown.name;
  const kind = typeof name === 'string' && name !== '' ? name : 'Error';
  const message = messageOf(thrown);
  return message === '' ? kind : `${kind}: ${message}`;
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  const message: unknown = thrown.message;
  return typeof message === 'string' ? message : '';
}

/** The callback of a configuration of any shape: the native side says what is wrong with it. */
function callbackOf(config: unknown): () => unknown {
  const security = (config as { security?: { token?: unknown } | null } | null | undefined)?.security;
  const token = security?.token;
  return () => (typeof token === 'function' ? (token.call(security) as unknown) : undefined);
}
