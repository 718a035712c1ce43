// TLS and SASL: only the right ones connect, the others are told why, once, and no secret is in anything we say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, inject, test } from 'vitest';
import { AdminClient, type Configuration, ProsodyError, SendError } from '../../src/index.js';
import { logged, member, newTopic, stays, type Subject, withKafka } from './support.js';

withKafka();

const WRONG = 'canary-wrong-password';

function secured(security: Record<string, unknown>, more: Configuration = {}): Configuration {
  const { saslBootstrapServers, caFile, username, password } = inject('kafka');
  const right = { protocol: 'sasl_ssl', mechanism: 'SCRAM-SHA-512', username, password, ca: caFile };
  return {
    bootstrapServers: saslBootstrapServers,
    sendTimeoutMs: 20_000,
    security: { ...right, ...security } as Configuration['security'],
    ...more,
  };
}

/** TLS without SASL, at a listener with a fault or a wish of its own. */
function tls(
  which: 'expired' | 'otherHost' | 'mutual',
  security: Configuration['security'] = {},
): Configuration {
  const { faulty, caFile } = inject('kafka');
  return { bootstrapServers: faulty[which], security: { protocol: 'ssl', ca: caFile, ...security } };
}

/** Everything that was said by and can be seen of a client. */
function said(subject: Subject): string {
  const errors = subject.errors.map((error) => `${error.message} ${inspect(error)} ${JSON.stringify(error)}`);
  return [
    JSON.stringify(logged),
    inspect(logged, { depth: 9 }),
    ...errors,
    inspect(subject.client, { depth: 9, showHidden: true }),
  ].join('\n');
}

for (const mechanism of ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN']) {
  test(`with the CA and ${mechanism} records go round`, async () => {
    const topic = await newTopic('secure', 2);
    const subject = await member(topic, secured({ mechanism })).listens();
    await subject.client.send(topic, 'a', { n: 1 });
    const [message] = await subject.got(1);
    expect(message?.payload).toEqual({ n: 1 });
    expect(subject.errors).toEqual([]);
    expect(said(subject)).not.toContain(inject('kafka').password);
  });
}

test('a CA may be given as text', async () => {
  const topic = await newTopic('pem', 1);
  const ca = readFileSync(inject('kafka').caFile, 'utf8');
  const subject = await member(topic, secured({ ca })).listens();
  await subject.client.send(topic, 'a', 1);
  await subject.got(1);
  expect(said(subject)).not.toContain('BEGIN CERTIFICATE');
});

/** The client's certificate and its key, which is encrypted with the password of the broker's user. */
function ownCertificate(): { certificate: string; key: string; keyPassword: string } {
  const { dir, password } = inject('kafka');
  const certificates = join(dir, 'certificates');
  return {
    certificate: join(certificates, 'client.crt'),
    key: join(certificates, 'client.encrypted.key'),
    keyPassword: password,
  };
}

for (const form of ['paths', 'text']) {
  test(`a client with a certificate of its own is let in, given as ${form}`, async () => {
    const topic = await newTopic('mutual', 1);
    const own = ownCertificate();
    if (form === 'text') {
      own.certificate = readFileSync(own.certificate, 'utf8');
      own.key = readFileSync(own.key, 'utf8');
    }
    const subject = await member(topic, tls('mutual', own)).listens();
    await subject.client.send(topic, 'a', 1);
    await subject.got(1);
    expect(subject.errors).toEqual([]);
    expect(said(subject)).not.toContain(own.keyPassword);
    expect(said(subject)).not.toContain('PRIVATE KEY');
  });
}

test('SASL over plaintext works, and is warned of once', async () => {
  const topic = await newTopic('plain', 1);
  const { saslPlaintextBootstrapServers } = inject('kafka');
  const security = { protocol: 'sasl_plaintext', ca: undefined };
  const subject = member(topic, secured(security, { bootstrapServers: saslPlaintextBootstrapServers }));
  await subject.listens();
  await subject.client.send(topic, 'a', 1);
  await subject.got(1);
  const warnings = logged.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(warnings.filter((line) => line.includes('sasl_plaintext'))).toHaveLength(1);
  expect(warnings.join()).toMatch(/use sasl_ssl/);
  expect(said(subject)).not.toContain(inject('kafka').password);
});

test('an admin client says soon and by its code why it is not let in', async () => {
  const before = Date.now();
  const cases: [string, Configuration, RegExp][] = [
    ['AUTHENTICATION', secured({ password: WRONG }), /user name and password/],
    ['TLS', tls('expired'), /has expired/],
  ];
  for (const [code, config, hint] of cases) {
    const error = await new AdminClient(config).createTopic('t', 1, 1).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(hint);
    expect(inspect(error)).not.toContain(WRONG);
  }
  expect(Date.now() - before).toBeLessThan(15_000);
});

const FAULTS: [what: string, code: string, config: () => Configuration, hint: RegExp][] = [
  [
    'no CA',
    'TLS',
    () => secured({ ca: undefined }),
    /not signed by an authority that is trusted here.*security\.ca/,
  ],
  ['an expired certificate', 'TLS', () => tls('expired'), /certificate has expired/],
  [
    'the certificate of another host',
    'TLS',
    () => tls('otherHost'),
    /certificate is not for the host name 127\.0\.0\.1/,
  ],
  ['a wrong password', 'AUTHENTICATION', () => secured({ password: WRONG }), /user name and password/],
  ['an unknown user', 'AUTHENTICATION', () => secured({ username: 'nobody', password: WRONG }), /user name/],
  [
    'a wrong password over PLAIN',
    'AUTHENTICATION',
    () => secured({ mechanism: 'PLAIN', password: WRONG }),
    /password/,
  ],
];

for (const [what, code, config, hint] of FAULTS) {
  test(`${what}: one typed error that says so, no flood, and no secret in it`, async () => {
    const subject = member('wanted', { ...config(), sendTimeoutMs: 3_000 });
    await subject.listens();
    const error = await subject.failed(code);
    expect(error).toBeInstanceOf(ProsodyError);
    expect(error.message).toMatch(hint);
    expect(error.message).toContain(config().bootstrapServers);
    const send = await subject.client.send('wanted', 'a', 1).catch((thrown: unknown) => thrown);
    expect(send).toBeInstanceOf(SendError);
    expect((send as SendError).code).toBe(code);
    expect((send as Error).message).toMatch(/certificate|[Aa]uthentication/);
    const loud = () => logged.filter(({ level }) => level === 'error' || level === 'warn').length;
    const soFar = loud();
    const once = () => subject.errors.filter((event) => event.code === code).length === 1;
    await stays(once, 'said once', 6_000);
    expect(subject.errors.length).toBeLessThanOrEqual(2);
    // Both halves of the client try again once a second: a line each time would be twelve.
    expect(soFar).toBeLessThanOrEqual(15);
    expect(loud() - soFar).toBeLessThanOrEqual(6);
    expect(said(subject)).not.toContain(WRONG);
    expect(said(subject)).not.toContain(inject('kafka').password);
    expect(subject.client.assignedPartitionCount).toBe(0);
  });
}

test('a client without TLS at a TLS port is told, and does not hang', async () => {
  const subject = member('wanted', { bootstrapServers: inject('kafka').saslBootstrapServers });
  await subject.listens();
  const error = await subject.failed('BROKER_UNREACHABLE');
  expect(error.message).toContain(inject('kafka').saslBootstrapServers);
});

test('a client with TLS at a plain port is told that it is TLS', async () => {
  const subject = member('wanted', secured({}, { bootstrapServers: inject('kafka').bootstrapServers }));
  await subject.listens();
  const error = await subject.failed('TLS');
  expect(error.message).toContain(inject('kafka').bootstrapServers);
});
