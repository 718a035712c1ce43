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
    expect(readToken(value, NOW)).toEqual(expected);
    expect(readToken({ value }, NOW)).toEqual(expected);
  });

  test('with what is said of it, a date or milliseconds', () => {
    const more = { principal: 'p', extensions: { tenant: 'a b' } };
    const expected = { value: SECRET, principal: 'p', extensions: ['tenant', 'a b'] };
    for (const expiresAt of [NOW + 5_000, new Date(NOW + 5_000)])
      expect(readToken({ value: SECRET, expiresAt, ...more }, NOW)).toEqual({
        ...expected,
        expiresAtMs: NOW + 5_000,
      });
  });

  test('with the earlier of two ends', () => {
    const value = jwt({ exp: NOW / 1000 + 60 });
    expect(readToken({ value, expiresAt: NOW + 1_000 }, NOW).expiresAtMs).toBe(NOW + 1_000);
    expect(readToken({ value, expiresAt: NOW + 99_000 }, NOW).expiresAtMs).toBe(NOW + 60_000);
  });

  test('for five minutes if nobody says its end, and for ever if that is said', () => {
    for (const value of [SECRET, 'a.b', 'a.b.c', 'a.b.c.d', jwt(null), jwt({ exp: 'soon', sub: 3 })])
      expect(readToken(value, NOW)).toMatchObject({ expiresAtMs: NOW + 300_000, principal: '' });
    expect(readToken({ value: SECRET, expiresAt: Infinity }, NOW).expiresAtMs).toBe(8.64e15);
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
  [{ value: SECRET, expiresAt: NOW - 3_000 }, /it expired 3 s ago/],
  [jwt({ exp: NOW / 1000 - 60 }), /it expired 60 s ago/],
  [{ value: SECRET, expiresAt: NOW }, /expired 0 s ago/],
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
        readToken(given, NOW);
      } catch (thrown) {
        error = thrown;
      }
      expect((error as Error).message).toMatch(reason);
      expect((error as Error).message).not.toContain(SECRET);
    });
  }
});
