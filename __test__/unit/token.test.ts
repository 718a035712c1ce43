import { describe, expect, test } from 'vitest';
import { readToken } from '../../src/token.js';

const NOW = 1_750_000_000_000;
const SECRET = 'hunter2';

const part = (claims: unknown): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
const jwt = (claims: unknown): string => `${part({ alg: 'none' })}.${part(claims)}.${SECRET}`;

describe('a token is taken', () => {
  test('with the end and the subject that a web token says of itself', () => {
    const value = jwt({ exp: NOW / 1000 + 60, sub: 'billing' });
    const expected = { value, expiresAtMs: NOW + 60_000, principal: 'billing', extensions: [] };
    expect(readToken(value)).toEqual(expected);
    expect(readToken({ value })).toEqual(expected);
  });

  test('with what is said of it, a date or milliseconds', () => {
    const more = { principal: 'p', extensions: { tenant: 'a b' } };
    const expected = { value: SECRET, principal: 'p', extensions: ['tenant', 'a b'] };
    for (const expiresAt of [NOW + 5_000, new Date(NOW + 5_000)])
      expect(readToken({ value: SECRET, expiresAt, ...more })).toEqual({
        ...expected,
        expiresAtMs: NOW + 5_000,
      });
  });

  test('with the earlier of two ends', () => {
    const value = jwt({ exp: NOW / 1000 + 60 });
    expect(readToken({ value, expiresAt: NOW + 1_000 }).expiresAtMs).toBe(NOW + 1_000);
    expect(readToken({ value, expiresAt: NOW + 99_000 }).expiresAtMs).toBe(NOW + 60_000);
  });

  test('without an end if nobody says it, and with the last moment if it has none', () => {
    for (const value of [SECRET, 'a.b', 'a.b.c', 'a.b.c.d', jwt(null), jwt({ exp: 'soon', sub: 3 })])
      expect(readToken(value)).toMatchObject({ expiresAtMs: NaN, principal: '' });
    expect(readToken({ value: SECRET, expiresAt: Infinity }).expiresAtMs).toBe(8.64e15);
  });

  test('expired or not: the native side has the clock', () => {
    expect(readToken({ value: SECRET, expiresAt: new Date(NOW) }).expiresAtMs).toBe(NOW);
    expect(readToken(jwt({ exp: -5 })).expiresAtMs).toBe(0);
  });
});

const REFUSED: [what: unknown, reason: RegExp][] = [
  [undefined, /it gave undefined/],
  [null, /it gave null/],
  [7, /it gave a number/],
  [[SECRET], /it gave an array/],
  [() => SECRET, /it gave a function/],
  [{}, /its value is undefined/],
  [{ value: Buffer.from(SECRET) }, /its value is an object, expected a string/],
  ['', /its value is empty/],
  [`Bearer ${SECRET}`, /begins with "Bearer"/],
  [`${SECRET}\n`, /spaces or other characters/],
  [`${SECRET}é`, /spaces or other characters/],
  [{ value: SECRET, expiresAt: 'tomorrow' }, /its expiresAt is a string/],
  [{ value: SECRET, expiresAt: new Date('nonsense') }, /its expiresAt is an object/],
  [{ value: SECRET, expiresAt: NOW / 1000 + 60 }, /looks like seconds/],
  [{ value: SECRET, principal: 'a\0b' }, /principal/],
  [{ value: SECRET, extensions: 'x' }, /extensions are a string/],
  [{ value: SECRET, extensions: { auth: SECRET } }, /extension "auth" has a bad name/],
  [{ value: SECRET, extensions: { 'a-b': SECRET } }, /extension "a-b" has a bad name/],
  [{ value: SECRET, extensions: { a: `${SECRET}\u0001` } }, /extension a is not a string of visible/],
];

describe('a token is refused, and nothing of it repeated', () => {
  for (const [given, reason] of REFUSED) {
    test(String(reason), () => {
      let error: unknown;
      try {
        readToken(given);
      } catch (thrown) {
        error = thrown;
      }
      expect((error as Error).message).toMatch(reason);
      expect((error as Error).message).not.toContain(SECRET);
    });
  }
});
