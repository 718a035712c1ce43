import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { AdminClient, ProsodyClient, type TokenCallback } from '../../src/index.js';
import { SINK_LOG, SINK_TOKEN } from '../../src/layout.js';
import { FakeAdmin, FakeNative, turn, watchRejections } from './fake-native.js';
import { lines, withFakeNative } from './support.js';

withFakeNative();

const END = 1_750_000_000_000;
let opened: ProsodyClient[] = [];

afterEach(async () => {
  for (const client of opened) await client[Symbol.asyncDispose]();
  opened = [];
});

interface Subject {
  client: ProsodyClient;
  native: FakeNative;
  want: () => Promise<void>;
}

function subject(token: unknown): Subject {
  const client = new ProsodyClient({
    security: { protocol: 'sasl_ssl', mechanism: 'OAUTHBEARER', token: token as TokenCallback },
  });
  opened.push(client);
  const native = FakeNative.last;
  const want = async (): Promise<void> => {
    native.sink(SINK_TOKEN, new ArrayBuffer(0));
    await turn();
  };
  return { client, native, want };
}

test('the callback is called when a token is wanted, and not before', async () => {
  let calls = 0;
  const { native, want } = subject(async () => {
    calls += 1;
    await Promise.resolve();
    return { value: `t${calls}`, expiresAt: END, principal: 'p', extensions: { x: 'y' } };
  });
  await turn();
  expect(calls).toBe(0);
  await want();
  await want();
  const common = { expiresAtMs: END, principal: 'p', extensions: ['x', 'y'] };
  expect(native.tokens).toEqual([
    { value: 't1', ...common },
    { value: 't2', ...common },
  ]);
  expect(native.refusals).toEqual([]);
});

test('the callback is called with its object, as any method', async () => {
  const { native, want } = subject(function (this: { mechanism: string }) {
    return { value: this.mechanism, expiresAt: END };
  });
  await want();
  expect(native.tokens[0]?.value).toBe('OAUTHBEARER');
});

const FAILURES: [what: string, fail: () => unknown, reason: RegExp][] = [
  ['throws', () => Promise.reject(new TypeError('no vault')), /^it threw TypeError: no vault$/],
  ['throws at once', () => raise(new Error('no vault')), /^it threw Error: no vault$/],
  ['throws no error', () => raise(undefined), /^it threw undefined$/],
  ['throws a long one', () => raise(new Error('x'.repeat(5_000))), /^it threw Error: x{280,290}…$/],
  ['throws many lines', () => raise(new Error('a\n\nb')), /^it threw Error: a b$/],
  ['throws an error whose message is no text', () => raise(odd(7)), /^it threw Error$/],
  ['throws an error whose message is a symbol', () => raise(odd(Symbol('x'))), /^it threw Error$/],
  ['throws an object with a message', () => raise({ message: { a: 1 } }), /^it threw an object$/],
  ['throws what cannot be read', () => raise(unreadable()), /^it threw what cannot be read$/],
  ['throws what has no prototype to be asked for', () => raise(revoked()), /^it threw what cannot be read$/],
  [
    'gives what throws when it is read',
    () => ({
      value: 'v',
      get expiresAt() {
        return raise(odd(7));
      },
    }),
    /^Error$/,
  ],
  [
    'gives what cannot be read',
    () => ({
      get value() {
        return raise(unreadable());
      },
    }),
    /^what cannot be read$/,
  ],
  ['gives nothing', () => undefined, /^it gave undefined, expected/],
];

/** An error whose message is anything. */
function odd(message: unknown): Error {
  return Object.defineProperty(new Error('x'), 'message', { value: message });
}

function unreadable(): Error {
  return Object.defineProperty(new Error('x'), 'message', { get: () => raise(odd(Symbol('y'))) });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function raise(what: unknown): never {
  throw what;
}

for (const [what, fail, reason] of FAILURES) {
  test(`of a callback that ${what} the native side hears why`, async () => {
    const rejections = watchRejections();
    const { native, want } = subject(fail);
    await want();
    expect(native.tokens).toEqual([]);
    expect(native.refusals).toHaveLength(1);
    expect(native.refusals[0]).toMatch(reason);
    expect(rejections).toEqual([]);
  });
}

test('while a call has not ended no other is made, and the native side hears it', async () => {
  const ends: ((value: unknown) => void)[] = [];
  const { native, want } = subject(() => new Promise((resolve) => ends.push(resolve)));
  await want();
  await want();
  await want();
  expect(ends).toHaveLength(1);
  expect(native.refusals).toEqual(['the call before has not ended', 'the call before has not ended']);
  ends[0]?.({ value: 'late' });
  await turn();
  expect(native.tokens.map(({ value }) => value)).toEqual(['late']);
  await want();
  expect(ends).toHaveLength(2);
});

test('a call that leaves six questions unanswered counts as lost: one more is made', async () => {
  const ends: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  const { native, want } = subject(() => new Promise((resolve, reject) => ends.push({ resolve, reject })));
  await want();
  for (let question = 1; question <= 6; question++) await want();
  expect(ends).toHaveLength(1);
  expect(native.refusals).toHaveLength(6);
  await want();
  await want();
  expect(ends).toHaveLength(2);
  expect(native.refusals).toHaveLength(7);
  ends[0]?.reject(new Error('at last'));
  await turn();
  expect(native.refusals, 'that it failed is known').toHaveLength(7);
  await want();
  expect(ends, 'the second call is open still').toHaveLength(2);
  ends[1]?.resolve({ value: 'second' });
  await turn();
  await want();
  expect(ends).toHaveLength(3);
});

const token = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":1}').toString('base64url')}.s3cr3t`;
const HIDDEN: [what: string, fail: () => unknown][] = [
  ['an error that quotes the token', () => Promise.reject(new Error(`401 for ${token}`))],
  [
    'an error that holds it as a member',
    () => Promise.reject(Object.assign(new Error('401'), { sent: token })),
  ],
  ['an error with a cause', () => Promise.reject(new Error('401', { cause: token }))],
  ['a string', () => Promise.reject(token)],
  ['an object', () => Promise.reject({ token })],
  ['a token with a space', () => ({ value: `${token} ` })],
  ['an old token', () => ({ value: token, expiresAt: 5 })],
];

for (const [what, fail] of HIDDEN) {
  test(`a callback that gives ${what} leaves no token in a reason, log, inspect or JSON`, async () => {
    const { client, native, want } = subject(fail);
    await want();
    expect(native.refusals).toHaveLength(1);
    const shown = [client, lines, native.refusals].map((seen) => [
      inspect(seen, { depth: 9, showHidden: true }),
      JSON.stringify(seen),
    ]);
    expect(shown.join()).not.toContain('s3cr3t');
    expect(shown.join()).not.toContain(token.slice(0, 15));
  });
}

test('the last token is taken out of later reasons, whatever its form', async () => {
  let calls = 0;
  const { client, native, want } = subject(() => {
    if (++calls > 1) throw new Error('opaque-s3cr3t was refused');
    return { value: 'opaque-s3cr3t' };
  });
  await want();
  await want();
  expect(native.tokens[0]).toMatchObject({ value: 'opaque-s3cr3t', expiresAtMs: NaN });
  expect(native.refusals).toEqual(['it threw Error: <redacted> was refused']);
  expect(inspect(client, { depth: 9, showHidden: true })).not.toContain('s3cr3t');
});

test('a configuration of any shape is left to the native side to judge', () => {
  for (const config of [
    undefined,
    null,
    7,
    { security: null },
    { security: 'x' },
    { security: { token: 7 } },
  ])
    expect(() => new ProsodyClient(config as never)).not.toThrow();
});

test('an admin client gives tokens too, and logs what it is told', async () => {
  const security = { protocol: 'sasl_ssl', mechanism: 'OAUTHBEARER', token: () => 'a' } as const;
  const admin = new AdminClient({ security });
  FakeAdmin.last.sink(SINK_TOKEN, new ArrayBuffer(0));
  await turn();
  expect(FakeAdmin.last.tokens).toEqual(['a']);
  FakeAdmin.last.sink(SINK_LOG, JSON.stringify([{ level: 'warn', message: 'no vault', fields: {} }]));
  expect(lines.map(({ level, message }) => [level, message])).toEqual([['warn', 'no vault']]);
  expect(inspect(admin, { depth: 9, showHidden: true })).not.toContain('vault');
});
