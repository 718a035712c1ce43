// TLS and SASL: only the right ones connect, the others are told why, once, and no secret is in anything we say.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, inject, test } from 'vitest';
import { type Configuration, ProsodyError } from '../../src/index.js';
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

const FAULTS: [what: string, code: string, config: () => Configuration, hint: RegExp][] = [
  ['no CA', 'TLS', () => secured({ ca: undefined }), /certificate|CA/],
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
    expect(error.message).toContain(inject('kafka').saslBootstrapServers);
    const send = await subject.client.send('wanted', 'a', 1).catch((thrown: unknown) => thrown);
    expect(send).toBeInstanceOf(ProsodyError);
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
