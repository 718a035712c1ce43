import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { AdminClient, ProsodyClient, type ProsodyError, type TokenCallback } from '../../src/index.js';
import { SINK_TOKEN } from '../../src/layout.js';
import { FakeAdmin, FakeNative, turn } from './fake-native.js';
import { lines, withFakeNative } from './support.js';

withFakeNative();

const HOUR = 3_600_000;
let opened: ProsodyClient[] = [];

afterEach(async () => {
  for (const client of opened) await client[Symbol.asyncDispose]();
  opened = [];
});

interface Subject {
  client: ProsodyClient;
  native: FakeNative;
  errors: ProsodyError[];
  want: () => Promise<void>;
}

function subject(token: unknown): Subject {
  const client = new ProsodyClient({
    security: { protocol: 'sasl_ssl', mechanism: 'OAUTHBEARER', token: token as TokenCallback },
  });
  opened.push(client);
  const errors: ProsodyError[] = [];
  client.on('error', (error) => errors.push(error as ProsodyError));
  const native = FakeNative.last;
  const want = async (): Promise<void> => {
    for (let part = 0; part < 2; part++) native.sink(SINK_TOKEN, new ArrayBuffer(0));
    await turn();
  };
  return { client, native, errors, want };
}

async function until(holds: () => boolean): Promise<void> {
  for (const limit = Date.now() + 5_000; !holds(); await sleep(5)) {
    if (Date.now() > limit) throw new Error('not yet');
  }
}

test('the callback is not called before a token is wanted, and then once for all who want one', async () => {
  let calls = 0;
  const { native, want, errors } = subject(async () => {
    calls += 1;
    await turn();
    return { value: 'a', expiresAt: Date.now() + HOUR, principal: 'p', extensions: { x: 'y' } };
  });
  await turn();
  expect(calls).toBe(0);
  await want();
  await until(() => native.tokens.length > 0);
  expect(calls).toBe(1);
  expect(native.tokens).toMatchObject([{ value: 'a', principal: 'p', extensions: ['x', 'y'] }]);
  expect(errors).toEqual([]);
});

test('who wants a token later gets the one that is there', async () => {
  let calls = 0;
  const { native, want } = subject(() => {
    calls += 1;
    return { value: `t${calls}`, expiresAt: Date.now() + HOUR };
  });
  await want();
  await want();
  expect(calls).toBe(1);
  expect(native.tokens.map(({ value }) => value)).toEqual(['t1', 't1', 't1']);
});

test('the callback is called with its object, as any method', async () => {
  const { native, want } = subject(function (this: { mechanism: string }) {
    return { value: this.mechanism, expiresAt: Date.now() + HOUR };
  });
  await want();
  expect(native.tokens[0]?.value).toBe('OAUTHBEARER');
});

test('a token is replaced before it ends, as long as somebody wants tokens', async () => {
  let calls = 0;
  const { native, want } = subject(() => ({ value: `t${++calls}`, expiresAt: Date.now() + 80 }));
  const first = Date.now();
  await want();
  await until(() => calls >= 5);
  // Three quarters of 80 ms each.
  expect(Date.now() - first).toBeGreaterThanOrEqual(4 * 55);
  expect(native.tokens.map(({ value }) => value)).toContain('t4');
  native.wanting = 0;
  const asked = calls + 1;
  await sleep(400);
  expect(calls).toBeLessThanOrEqual(asked);
});

test('after the end of the client nothing is asked for', async () => {
  let calls = 0;
  const { client, want, native } = subject(() => ({ value: `t${++calls}`, expiresAt: Date.now() + 60 }));
  await want();
  await client[Symbol.asyncDispose]();
  const asked = calls;
  await sleep(200);
  native.sink(SINK_TOKEN, new ArrayBuffer(0));
  await turn();
  expect(calls).toBe(asked);
});

test('a failing callback is told of once, called again with growing waits, and its token used when it comes', async () => {
  const calls: number[] = [];
  const { native, want, errors } = subject(() => {
    calls.push(Date.now());
    if (calls.length < 3) throw new TypeError('no vault');
    return { value: 'good', expiresAt: Date.now() + HOUR };
  });
  await want();
  await until(() => native.tokens.length > 0);
  expect(calls).toHaveLength(3);
  expect(calls[1]! - calls[0]!).toBeGreaterThanOrEqual(240);
  expect(calls[2]! - calls[1]!).toBeGreaterThanOrEqual(480);
  expect(errors.map(({ code, retryable }) => [code, retryable])).toEqual([['TOKEN', true]]);
  expect(errors[0]?.message).toMatch(/it threw TypeError: no vault; .* security\.token/);
  expect(new Set(native.refusals)).toEqual(
    new Set(['the token callback failed: it threw TypeError: no vault']),
  );
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('who wants a token while the callback fails is told why, without another call', async () => {
  let calls = 0;
  const { native, want } = subject(() => {
    calls += 1;
    throw new Error('no vault');
  });
  await want();
  const told = native.refusals.length;
  await want();
  expect(calls).toBe(1);
  expect(native.refusals.length).toBeGreaterThan(told);
});

test('a token that is still valid is given on while the callback fails', async () => {
  let calls = 0;
  const { native, want } = subject(() => {
    if (++calls > 1) throw new Error('no vault');
    return { value: 'old', expiresAt: Date.now() + 400 };
  });
  await want();
  await until(() => calls > 1);
  const given = native.tokens.length;
  await want();
  expect(native.tokens.length).toBeGreaterThan(given);
  await sleep(150);
  const all = native.tokens.length;
  await want();
  expect(native.tokens).toHaveLength(all);
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
  test(`a callback that gives ${what} leaves no token in error, log, inspect or JSON`, async () => {
    const { client, native, errors, want } = subject(fail);
    await want();
    expect(errors).toHaveLength(1);
    const shown = [errors[0], client, lines, native.refusals].map((seen) => [
      inspect(seen, { depth: 9, showHidden: true }),
      JSON.stringify(seen),
      seen instanceof Error ? seen.stack : '',
    ]);
    expect(shown.join()).not.toContain('s3cr3t');
    expect(shown.join()).not.toContain(token.slice(0, 15));
  });
}

test('a native side that does not take the token counts as a failure', async () => {
  const { native, errors, want } = subject(() => ({ value: 'a', expiresAt: Date.now() + HOUR }));
  native.onToken = () => {
    throw new Error('{"code":"INVALID","message":"expired"}');
  };
  await want();
  expect(errors.map(({ code }) => code)).toEqual(['TOKEN']);
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

test('an admin client gives tokens too, and logs why there is none', async () => {
  let good = true;
  const security = {
    protocol: 'sasl_ssl',
    mechanism: 'OAUTHBEARER',
    token: () => {
      if (good) return { value: 'a', expiresAt: Date.now() + HOUR };
      throw new Error('no vault');
    },
  } as const;
  const admin = new AdminClient({ security });
  FakeAdmin.last.sink(SINK_TOKEN, new ArrayBuffer(0));
  await turn();
  expect(FakeAdmin.last.tokens).toEqual(['a']);
  good = false;
  const other = new AdminClient({ security });
  FakeAdmin.last.sink(SINK_TOKEN, new ArrayBuffer(0));
  await turn();
  expect(lines.map(({ level, message }) => [level, message.includes('no vault')])).toEqual([['error', true]]);
  expect([admin, other].map((client) => inspect(client, { depth: 9 })).join()).not.toContain('vault');
});
