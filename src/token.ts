/** A token as the native side takes it. */
export interface ReadToken {
  readonly value: string;
  /** NaN where nobody says it. */
  readonly expiresAtMs: number;
  readonly principal: string;
  /** Names and values in turn. */
  readonly extensions: readonly string[];
}

/** The last moment that a `Date` can name: beyond it the native side could not count. */
const LAST_MOMENT_MS = 8.64e15;
/** A moment before March 1973, and no moment that a token ends at: most likely seconds. */
const SECONDS_BELOW = 1e11;

// What may be sent in a token: visible ASCII. In an extension spaces too.
const SENDABLE = /^[!-~]+$/;
const SENDABLE_VALUE = /^[ -~]*$/;
const CONTROL = /\p{Cc}/u;

interface Given {
  readonly value?: unknown;
  readonly expiresAt?: unknown;
  readonly principal?: unknown;
  readonly extensions?: unknown;
}

/**
 * What a token callback gave, checked; whether it has expired is not.
 *
 * Errors: an `Error` that says what is wrong, and holds nothing of the token.
 */
export function readToken(given: unknown): ReadToken {
  const parts: Given = typeof given === 'string' ? { value: given } : (given as Given);
  if (typeof parts !== 'object' || (parts as Given | null) === null || Array.isArray(parts))
    throw new Error(`it gave ${kind(given)}, expected { value, expiresAt } or a JSON web token`);
  const value = readValue(parts.value);
  const claims = claimsOf(value);
  return {
    value,
    expiresAtMs: readEnd(parts.expiresAt, claims.exp),
    principal: readPrincipal(parts.principal, claims.sub),
    extensions: readExtensions(parts.extensions),
  };
}

function readValue(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`its value is ${kind(value)}, expected a string`);
  if (value === '') throw new Error('its value is empty');
  if (/^bearer\s/i.test(value)) throw new Error('its value begins with "Bearer", expected the token alone');
  if (!SENDABLE.test(value))
    throw new Error('its value has spaces or other characters that a token cannot have');
  return value;
}

/** When the token ends: the earlier of what was said of it and what it says itself. */
function readEnd(expiresAt: unknown, exp: unknown): number {
  const said = expiresAt instanceof Date ? expiresAt.getTime() : (expiresAt ?? Infinity);
  if (typeof said !== 'number' || Number.isNaN(said))
    throw new Error(`its expiresAt is ${kind(expiresAt)}, expected a date, or milliseconds since 1970`);
  const own = typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : Infinity;
  if (said > 0 && said < SECONDS_BELOW)
    throw new Error('its expiresAt looks like seconds, expected milliseconds since 1970');
  const untold = (expiresAt === undefined || expiresAt === null) && own === Infinity;
  return untold ? NaN : Math.max(0, Math.min(said, own, LAST_MOMENT_MS));
}

function readPrincipal(principal: unknown, sub: unknown): string {
  if (principal === undefined || principal === null) {
    return typeof sub === 'string' && !CONTROL.test(sub) ? sub : '';
  }
  if (typeof principal !== 'string' || CONTROL.test(principal))
    throw new Error('its principal is not a string, or has control characters');
  return principal;
}

function readExtensions(extensions: unknown): string[] {
  if (extensions === undefined || extensions === null) return [];
  if (typeof extensions !== 'object')
    throw new Error(`its extensions are ${kind(extensions)}, expected an object`);
  return Object.entries(extensions).flatMap(([name, value]: [string, unknown]) => {
    if (!/^[A-Za-z]+$/.test(name) || name === 'auth')
      throw new Error(
        `its extension ${JSON.stringify(name)} has a bad name, expected letters, and not "auth"`,
      );
    if (typeof value !== 'string' || !SENDABLE_VALUE.test(value))
      throw new Error(`its extension ${name} is not a string of visible ASCII characters`);
    return [name, value];
  });
}

/** What a JSON web token says of itself; nothing of any other token. */
function claimsOf(value: string): { exp?: unknown; sub?: unknown } {
  const [, payload, signature, more] = value.split('.');
  if (payload === undefined || signature === undefined || more !== undefined) return {};
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
