// SASL OAUTHBEARER with a token callback, against Kafka's own unsecured tokens: their time is checked, no signature is.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect, inject, test } from 'vitest';
import { AdminClient, type Configuration, type ProsodyError, type TokenCallback } from '../../src/index.js';
import {
  logged,
  member,
  newTopic,
  sender,
  stays,
  type Subject,
  unique,
  until,
  withKafka,
} from './support.js';

withKafka();

/** A token without a signature. `extra` is a claim that nobody asks for: a canary that must turn up nowhere. */
function jwt(lifeMs: number, more: object = {}): string {
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const now = Date.now() / 1000;
  const claims = { sub: 'prosody', iat: now - 1, exp: now + lifeMs / 1000, ...more };
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

/** A callback that remembers what it gave, so that it can be looked for. */
function minter(mint: () => ReturnType<TokenCallback>): {
  token: TokenCallback;
  given: string[];
  calls: number;
} {
  const counted = {
    given: [] as string[],
    calls: 0,
    token: async () => {
      counted.calls += 1;
      const token = await mint();
      counted.given.push(typeof token === 'string' ? token : token.value);
      return token;
    },
  };
  return counted;
}

function config(token: TokenCallback, tls = false, more: Configuration = {}): Configuration {
  const { saslBootstrapServers, saslPlaintextBootstrapServers, caFile } = inject('kafka');
  return {
    bootstrapServers: tls ? saslBootstrapServers : saslPlaintextBootstrapServers,
    security: tls
      ? { protocol: 'sasl_ssl', mechanism: 'OAUTHBEARER', token, ca: caFile }
      : { protocol: 'sasl_plaintext', mechanism: 'OAUTHBEARER', token },
    ...more,
  };
}

/** Everything that was said by and can be seen of a client. */
function said(subject: Subject): string {
  const errors = subject.errors.map((error) => `${error.stack} ${inspect(error)} ${JSON.stringify(error)}`);
  const client = inspect(subject.client, { depth: 9, showHidden: true });
  return [JSON.stringify(logged), inspect(logged, { depth: 9 }), client, ...errors].join('\n');
}

for (const tls of [true, false]) {
  test(`records go round with tokens ${tls ? 'over TLS' : 'over plaintext, which is warned of once'}`, async () => {
    const topic = await newTopic('tokens', 2);
    const minted = minter(() => jwt(60_000));
    const subject = member(topic, config(minted.token, tls));
    await stays(() => minted.calls === 0, 'a callback nobody needed yet', 300);
    await subject.listens();
    await subject.client.send(topic, 'a', { n: 1 });
    await subject.got(1);
    expect(minted.calls).toBe(1);
    expect(subject.errors).toEqual([]);
    const warnings = logged.filter(({ message }) => message.includes('sasl_plaintext'));
    expect(warnings.map(({ level }) => level)).toEqual(tls ? [] : ['warn']);
    for (const token of minted.given) expect(said(subject)).not.toContain(token);
  });
}

test('an admin client gets its own token', async () => {
  const minted = minter(() => ({ value: jwt(60_000), extensions: { tenant: 'a' } }));
  const admin = new AdminClient(config(minted.token, true));
  const topic = unique('admin');
  await admin.createTopic(topic, 1, 1);
  await admin.deleteTopic(topic);
  expect(minted.calls).toBe(1);
});

test('tokens are renewed twenty times while records flow: none is lost, and no error is seen', async () => {
  const topic = await newTopic('renewed', 2);
  // The brokers of this listener ask for proof every 1.5 s besides.
  const minted = minter(() => ({ value: jwt(6_000), expiresAt: Date.now() + 900 }));
  const subject = await member(
    topic,
    config(minted.token, false, { kafka: { debug: 'security' } }),
  ).listens();
  let sent = 0;
  while (minted.calls < 22) {
    await subject.client.send(topic, `k${sent % 7}`, { n: sent++ });
    await sleep(10);
  }
  const messages = await subject.got(sent);
  const seen = new Set(messages.map(({ payload }) => (payload as { n: number }).n));
  expect(seen.size).toBe(sent);
  expect(messages).toHaveLength(sent);
  expect(subject.errors).toEqual([]);
  expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
  const proofs = logged.filter(({ message }) => message.includes('OAUTHBEARER authentication successful'));
  expect(proofs.length).toBeGreaterThan(20);
  for (const token of new Set(minted.given)) expect(said(subject)).not.toContain(token);
});

const WRONG: [what: string, mint: () => unknown, reason: RegExp][] = [
  [
    'throws',
    () => Promise.reject(new TypeError('the vault is closed')),
    /it threw TypeError: the vault is closed/,
  ],
  ['gives nothing', () => undefined, /it gave undefined/],
  ['gives an expired token', () => jwt(-5_000), /it expired 5 s ago/],
  ['gives a token with its scheme', () => `Bearer ${jwt(5_000)}`, /Bearer/],
];

for (const [what, mint, reason] of WRONG) {
  test(`a callback that ${what}: one typed error that says so, and it is called again with waits between`, async () => {
    const calls: number[] = [];
    let good = false;
    const token = (): never => {
      calls.push(Date.now());
      return (good ? jwt(60_000) : mint()) as never;
    };
    const topic = await newTopic('wrong', 1);
    const subject = member(topic, { ...config(token), sendTimeoutMs: 3_000 });
    await subject.listens();
    const error = await subject.failed('TOKEN');
    expect(error.message).toMatch(reason);
    expect(error.retryable).toBe(true);
    const send = await subject.client.send(topic, 'a', 1).catch((thrown: unknown) => thrown);
    expect(send).toMatchObject({ code: 'TOKEN', retryable: true });
    expect((send as Error).message).toMatch(reason);
    await until(() => calls.length >= 4, 'it is called again');
    expect(subject.errors.map(({ code }) => code)).toEqual(['TOKEN']);
    expect(calls[3]! - calls[0]!).toBeGreaterThan(1_000);
    good = true;
    await subject.client.send(topic, 'a', 2).catch(() => subject.client.send(topic, 'a', 2));
    await subject.got(1, 20_000);
    expect(said(subject)).not.toMatch(/eyJ/);
  });
}

test('a token that the broker refuses: one typed error that says so, and no token in it', async () => {
  // Valid for us, and not for the broker: it wants a subject.
  const minted = minter(() => ({ value: jwt(60_000, { sub: undefined }), expiresAt: Date.now() + 60_000 }));
  const subject = await member('wanted', { ...config(minted.token, true), sendTimeoutMs: 3_000 }).listens();
  const error = (await subject.failed('AUTHENTICATION')) as ProsodyError;
  expect(error.message).toMatch(/do not take this token/);
  const send = await subject.client.send('wanted', 'a', 1).catch((thrown: unknown) => thrown);
  expect(send).toMatchObject({ code: 'AUTHENTICATION' });
  expect((send as Error).message).toMatch(/do not take this token/);
  await stays(
    () => subject.errors.filter(({ code }) => code === 'AUTHENTICATION').length === 1,
    'once',
    4_000,
  );
  for (const token of minted.given) expect(said(subject)).not.toContain(token);
});

test('an idle producer with tokens does not keep the process alive', async () => {
  const topic = await newTopic('idle', 1);
  const program = `
    import { ProsodyClient } from ${JSON.stringify(new URL('../../dist/esm/index.js', import.meta.url).href)};
    const client = new ProsodyClient({
      bootstrapServers: ${JSON.stringify(inject('kafka').saslPlaintextBootstrapServers)},
      security: { protocol: 'sasl_plaintext', mechanism: 'OAUTHBEARER', token: () => ${JSON.stringify(jwt(60_000))} },
    });
    await client.send(${JSON.stringify(topic)}, 'a', 1);
    console.log('sent');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  let code: number | null | undefined;
  child.on('exit', (status) => (code = status));
  try {
    await until(() => code !== undefined, 'the process has ended', 20_000);
  } finally {
    child.kill('SIGKILL');
  }
  expect([code, out.trim()]).toEqual([0, 'sent']);
});

test('a producer alone hears of its callback, and its handler is told once', async () => {
  const subject: Subject = sender({
    ...config(() => Promise.reject(new Error('no vault'))),
    sendTimeoutMs: 2_000,
  });
  const failure = await subject.client.send('wanted', 'a', 1).catch((thrown: unknown) => thrown);
  expect((failure as Error).message).toContain('no vault');
  expect(subject.errors.map(({ code }) => code)).toEqual(['TOKEN']);
});
