// A canary in every option that may hold a secret: it turns up in nothing that a client says or can be seen to hold.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, inject, test } from 'vitest';
import { AdminClient, type Configuration, ProsodyClient } from '../../src/index.js';
import { logged, until, withKafka } from './support.js';

withKafka();

const CANARY = 'cAnArY0x5ecre7';
/** In a token or a key it is not seen as it is. */
const FORMS = [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 16), encodeURIComponent(CANARY)];

const PEM = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`;
const token = [{ alg: 'none' }, { sub: 'prosody', exp: 4e9, canary: CANARY }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

/** Everything that a client of this configuration says and shows, from its making to its end. */
async function everything(config: Configuration): Promise<string> {
  const seen: unknown[] = [];
  const note = (what: unknown): void => void seen.push(what);
  let client: ProsodyClient | undefined;
  try {
    client = new ProsodyClient({ sendTimeoutMs: 1_500, probePort: 0, groupId: 'canary', ...config });
    client.on('error', note);
    await client.subscribe({ onMessage: () => undefined }).catch(note);
    await client.send('canary', 'a', 1).catch(note);
    note(client);
    note(client.consumerState);
    const probes = logged.find(({ message }) => message.startsWith('probe server on'));
    if (probes) {
      const { port } = probes.metadata as { port: number };
      for (const path of ['metrics', 'readyz', 'livez', ''])
        note(await (await fetch(`http://127.0.0.1:${port}/${path}`)).text());
    }
  } catch (error) {
    note(error);
  }
  try {
    const admin = new AdminClient(config);
    note(admin);
    await admin.createTopic('canary', 1, 1).catch(note);
  } catch (error) {
    note(error);
  }
  await client?.[Symbol.asyncDispose]();
  note(client);
  const shown = (what: unknown): string => {
    const error = what instanceof Error ? `${what.message} ${what.stack} ${String(what.cause)}` : '';
    return `${inspect(what, { depth: 12, showHidden: true })} ${JSON.stringify(what)} ${error}`;
  };
  return [...seen, [...logged]].map(shown).join('\n');
}

function hits(text: string): string[] {
  return text.split('\n').filter((line) => FORMS.some((form) => line.includes(form)));
}

const debug = { kafka: { debug: 'all' } };

function cases(): Record<string, Configuration> {
  const { saslBootstrapServers, saslPlaintextBootstrapServers, caFile, faulty, dir } = inject('kafka');
  const certificate = join(dir, 'certificates', 'client.crt');
  const key = join(dir, 'certificates', 'client.encrypted.key');
  const read = { subscribedTopics: 'canary' };
  const login = (mechanism: 'PLAIN' | 'SCRAM-SHA-512', tls: boolean): Configuration => ({
    ...read,
    ...debug,
    bootstrapServers: tls ? saslBootstrapServers : saslPlaintextBootstrapServers,
    security: {
      protocol: tls ? 'sasl_ssl' : 'sasl_plaintext',
      mechanism,
      username: 'prosody',
      password: CANARY,
      ...(tls ? { ca: caFile } : {}),
    },
  });
  const own = (security: Configuration['security']): Configuration => ({
    ...read,
    bootstrapServers: faulty.mutual,
    security: { protocol: 'ssl', ca: caFile, ...security },
  });
  const tokens = (give: () => string): Configuration => ({
    ...read,
    ...debug,
    bootstrapServers: saslPlaintextBootstrapServers,
    security: { protocol: 'sasl_plaintext', mechanism: 'OAUTHBEARER', token: give },
  });
  const odd = (security: unknown): Configuration => ({
    ...read,
    security: security as Configuration['security'],
  });
  const passed = (kafka: Record<string, string>): Configuration => ({
    ...read,
    bootstrapServers: faulty.mutual,
    security: { protocol: 'ssl', ca: caFile },
    kafka: { debug: 'all', ...kafka },
  });
  return {
    'password of PLAIN': login('PLAIN', true),
    'password of SCRAM': login('SCRAM-SHA-512', true),
    'password over plaintext': login('PLAIN', false),
    keyPassword: own({ certificate, key, keyPassword: CANARY }),
    'key as text': own({ certificate, key: PEM }),
    'key without its header, which passes for a path': own({ certificate, key: CANARY }),
    'certificate as text': own({ certificate: PEM, key }),
    'ca as text': own({ ca: `${readFileSync(caFile, 'utf8')}${PEM}` }),
    token: tokens(() => token),
    'token that is no web token': tokens(() => `${CANARY}.`),
    'token that cannot be sent': tokens(() => `${CANARY} `),
    'token in what the callback throws': tokens(() => {
      throw new Error(`401 for ${token}`);
    }),
    'password of a wrong type': odd({
      protocol: 'sasl_ssl',
      mechanism: 'PLAIN',
      username: 'u',
      password: [CANARY],
    }),
    'password without a user': odd({ protocol: 'sasl_ssl', mechanism: 'PLAIN', password: CANARY }),
    'password without SASL': odd({ protocol: 'ssl', password: CANARY, keyPassword: CANARY }),
    'key without TLS': odd({ certificate: PEM, ca: PEM, key: PEM }),
    'key with a zero byte': odd({
      protocol: 'ssl',
      certificate: `${PEM}\0`,
      ca: `${PEM}\0`,
      key: `${PEM}\0`,
    }),
    'security in one string': odd(`plain:${CANARY}`),
    'password under a name nobody reads': odd({ passwort: CANARY }),
    cassandraPassword: { mock: true, cassandraUser: 'u', cassandraPassword: CANARY },
    'cassandraPassword alone': { mock: true, cassandraPassword: CANARY },
    'cassandraTls.certificate alone': { mock: true, cassandraTls: { certificate: `${PEM}\0` } },
    'cassandraTls.key': { mock: true, cassandraTls: { certificate: PEM, key: PEM, ca: PEM } },
    'kafka sasl.password': passed({ 'sasl.password': CANARY }),
    'kafka ssl.key': passed({ 'ssl.key': PEM }),
    'kafka ssl.key.location': passed({ 'ssl.key.location': CANARY }),
    'kafka ssl.certificate': passed({ 'ssl.certificate': PEM }),
    'kafka ssl.key.password': passed({ 'ssl.key.password': CANARY }),
    'kafka ssl.keystore.password': passed({ 'ssl.keystore.password': CANARY }),
    'kafka sasl.oauthbearer.client.secret': passed({ 'sasl.oauthbearer.client.secret': CANARY }),
    'kafka sasl.oauthbearer.config': passed({ 'sasl.oauthbearer.config': `principal=${CANARY}` }),
  };
}

test('a canary that is no secret is found, so the net has no hole', async () => {
  const { saslPlaintextBootstrapServers } = inject('kafka');
  const config = cases()['password over plaintext'];
  const security = { ...config?.security, password: 'another' };
  const text = await everything({ ...config, security, clientId: CANARY });
  expect(hits(text).length).toBeGreaterThan(0);
  expect(text).toContain(saslPlaintextBootstrapServers);
  expect(text).toContain('prosody_');
});

for (const [what, config] of Object.entries(cases())) {
  test(`no canary is seen: ${what}`, async () => {
    expect(hits(await everything(config))).toEqual([]);
  });
}

test('no canary is seen that comes from the environment', async () => {
  const variables = {
    PROSODY_SECURITY_PROTOCOL: 'sasl_plaintext',
    PROSODY_SASL_MECHANISM: 'PLAIN',
    PROSODY_SASL_USERNAME: 'prosody',
    PROSODY_SASL_PASSWORD: CANARY,
    PROSODY_SASL_PASSWROD: CANARY,
    PROSODY_SSL_KEY_PASSWORD: CANARY,
    PROSODY_SSL_KEY_LOCATION: PEM,
    PROSODY_SSL_CERTIFICATE_LOCATION: PEM,
  };
  Object.assign(process.env, variables);
  try {
    const { saslPlaintextBootstrapServers: bootstrapServers } = inject('kafka');
    const refused = await everything({ bootstrapServers, subscribedTopics: 'canary' });
    expect(refused).toContain('keyPassword');
    expect(hits(refused)).toEqual([]);
    delete process.env['PROSODY_SSL_KEY_PASSWORD'];
    delete process.env['PROSODY_SSL_KEY_LOCATION'];
    delete process.env['PROSODY_SSL_CERTIFICATE_LOCATION'];
    const used = await everything({ bootstrapServers, subscribedTopics: 'canary' });
    await until(() => logged.some(({ message }) => message.includes('PASSWROD')), 'the slip is told');
    expect(hits(used)).toEqual([]);
  } finally {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  }
});
