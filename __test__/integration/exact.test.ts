import { expect, test } from 'vitest';
import { CompressionTypes } from 'kafkajs';
import { PayloadError } from '../../src/index.js';
import { member, newTopic, otherProducer, readBack, sender, withKafka } from './support.js';

withKafka();

const bytes = (...values: number[]) => Uint8Array.from(values);

const KEYS: (string | null)[] = [
  null,
  '',
  'a\0b',
  'line\nbreak',
  '\u001b[31mred\u001b[0m',
  '__proto__',
  'constructor',
  'caf\u00e9',
  'cafe\u0301',
  '🙂',
  'k'.repeat(64 * 1024),
];

test('keys arrive as they were sent, and kafkajs reads the same bytes', async () => {
  const topic = await newTopic('keys');
  const group = member(topic);
  const { client } = sender();
  const results = await client.sendMany(KEYS.map((key, n) => ({ topic, key, payload: { n } })));
  expect(results.filter((result) => !result.ok)).toEqual([]);
  await group.listens();
  const messages = await group.got(KEYS.length);
  const byNumber = new Map(messages.map((message) => [(message.payload as { n: number }).n, message]));
  expect(KEYS.map((_, n) => byNumber.get(n)?.key)).toEqual(KEYS);
  expect(KEYS.map((_, n) => byNumber.get(n)?.rawKey)).toEqual(
    KEYS.map((key) => (key === null ? null : new Uint8Array(Buffer.from(key)))),
  );
  const found = await readBack(topic, KEYS.length);
  const sent = KEYS.map((key) => (key === null ? null : Buffer.from(key).toString('hex')));
  expect(found.map(({ key }) => key?.toString('hex') ?? null).sort()).toEqual([...sent].sort());
});

test('a key goes to the partition that kafkajs and Java would choose', async () => {
  const topic = await newTopic('partitions', 16);
  const keys = KEYS.filter((key) => key !== null && key !== '').concat(
    Array.from({ length: 200 }, (_, n) => `k${n}`),
  ) as string[];
  const { client } = sender();
  const ours = await client.sendMany(keys.map((key) => ({ topic, key, payload: 1 })));
  const producer = await otherProducer();
  await producer.send({ topic, messages: keys.map((key) => ({ key, value: '2' })) });
  const found = await readBack(topic, keys.length * 2);
  const places = (value: string) =>
    new Map(
      found
        .filter((record) => record.value?.toString() === value)
        .map((record) => [record.key?.toString(), record.partition]),
    );
  const theirs = places('2');
  expect(keys.map((key, at) => (ours[at]?.ok ? ours[at].partition : -1))).toEqual(
    keys.map((key) => theirs.get(key)),
  );
  expect(places('1')).toEqual(theirs);
});

const BIG = `"${'x'.repeat(900 * 1024)}"`;
const VALUES: [name: string, value: Uint8Array | null, payload: unknown][] = [
  ['tombstone', null, null],
  ['empty', bytes(), PayloadError],
  ['not JSON', Buffer.from('{"a":'), PayloadError],
  ['byte order mark', Buffer.from('\ufeff{}'), PayloadError],
  ['invalid UTF-8', bytes(0x22, 0xff, 0x22), PayloadError],
  ['a lone surrogate, escaped', Buffer.from('"\\ud800"'), '\ud800'],
  ['a number past 2^53', Buffer.from('9007199254740993'), 9007199254740992],
  ['duplicate members', Buffer.from('{"a":1,"a":2}'), { a: 2 }],
  [
    '__proto__',
    Buffer.from('{"__proto__":{"polluted":true}}'),
    JSON.parse('{"__proto__":{"polluted":true}}'),
  ],
  ['JSON null', Buffer.from('null'), null],
  ['900 KB', Buffer.from(BIG), 'x'.repeat(900 * 1024)],
];

for (const from of ['kafkajs', 'prosody'] as const) {
  test(`values sent by ${from} arrive byte for byte; one that is no JSON fails when it is read`, async () => {
    const topic = await newTopic('values', 1);
    if (from === 'prosody') {
      const { client } = sender();
      for (const [key, payload] of VALUES) await client.send(topic, key, payload);
    } else {
      const producer = await otherProducer();
      for (const [key, value] of VALUES) {
        const compression = key === '900 KB' ? CompressionTypes.GZIP : CompressionTypes.None;
        const message = { key, value: value === null ? null : Buffer.from(value) };
        await producer.send({ topic, compression, messages: [message] });
      }
    }
    const group = await member(topic).listens();
    const messages = await group.got(VALUES.length);
    for (const [name, value, payload] of VALUES) {
      const message = messages.find(({ key }) => key === name)!;
      expect(message.rawPayload === null ? null : Buffer.from(message.rawPayload).equals(value!), name).toBe(
        value === null ? null : true,
      );
      if (payload === PayloadError) expect(() => message.payload, name).toThrow(PayloadError);
      else expect(message.payload, name).toEqual(payload);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    if (from === 'prosody') {
      const found = await readBack(topic, VALUES.length);
      expect(found.map(({ value }) => value && Buffer.from(value).toString('base64').slice(0, 100))).toEqual(
        VALUES.map(([, value]) => value && Buffer.from(value).toString('base64').slice(0, 100)),
      );
    }
  });
}

test('headers keep order, duplicates, null and bytes, and ours says where a record comes from', async () => {
  const topic = await newTopic('headers', 1);
  const { client } = sender({ sourceSystem: 'the-sender' });
  const many = Array.from({ length: 1_000 }, (_, n) => [`h${n}`, String(n)] as const);
  const odd = [
    ['twice', 'first'],
    ['nothing', null],
    ['bytes', bytes(0xff, 0x00, 0xfe)],
    ['twice', 'second'],
    ['source-system', 'forged'],
    ['', 'no name'],
  ] as const;
  await client.send(topic, 'odd', 1, { headers: odd });
  await client.send(topic, 'many', 1, { headers: many });
  const group = await member(topic).listens();
  const [first, second] = await group.got(2);
  expect([...first!.headers].filter(([name]) => name !== 'bytes')).toEqual([
    ['source-system', 'the-sender'],
    ['twice', 'first'],
    ['nothing', null],
    ['twice', 'second'],
    ['', 'no name'],
  ]);
  expect(first!.headers.get('twice')).toBe('second');
  expect(first!.headers.getAll('twice')).toEqual(['first', 'second']);
  expect(first!.headers.raw.find(([name]) => name === 'bytes')?.[1]).toEqual(bytes(0xff, 0x00, 0xfe));
  expect([...second!.headers].slice(1)).toEqual(many);
  const [theirs] = await readBack(topic, 2);
  expect((theirs!.headers['twice'] as Buffer[]).map(String)).toEqual(['first', 'second']);
  expect(String(theirs!.headers['source-system'])).toBe('the-sender');
  expect(theirs!.headers['bytes']).toEqual(Buffer.from([0xff, 0x00, 0xfe]));
});

test('a timestamp and a partition that are given are kept; without one it is the time of the send', async () => {
  const topic = await newTopic('times', 4);
  const { client } = sender();
  const before = Date.now();
  const results = await client.sendMany([
    { topic, key: 'a', payload: 1, timestamp: new Date(1_234_567_890_123), partition: 3 },
    { topic, key: 'b', payload: 1, timestamp: 1, partition: 2 },
    { topic, key: 'c', payload: 1, partition: 1 },
  ]);
  expect(results).toEqual([
    { ok: true, partition: 3, offset: 0 },
    { ok: true, partition: 2, offset: 0 },
    { ok: true, partition: 1, offset: 0 },
  ]);
  const group = await member(topic).listens();
  await group.got(3);
  const of = (key: string) => group.messages.find((message) => message.key === key)!;
  expect(of('a').timestamp.getTime()).toBe(1_234_567_890_123);
  expect(of('a').partition).toBe(3);
  expect(of('b').timestamp.getTime()).toBe(1);
  expect(of('c').timestamp.getTime()).toBeGreaterThanOrEqual(before);
  expect(of('c').timestamp.getTime()).toBeLessThanOrEqual(Date.now());
});

test('the time 0, which the client library would take for now, is refused', async () => {
  const topic = await newTopic('epoch', 1);
  const { client } = sender();
  await expect(client.send(topic, 'a', 1, { timestamp: 0 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    retryable: false,
  });
});

test('a record without a timestamp has none: an invalid date', async () => {
  const topic = await newTopic('timeless', 1);
  const producer = await otherProducer();
  await producer.send({ topic, messages: [{ key: 'a', value: '1', timestamp: '-1' }] });
  const group = await member(topic).listens();
  const [message] = await group.got(1);
  expect(message!.timestamp.getTime()).toBeNaN();
});

test('what kafkajs compressed with gzip arrives in order and exact', async () => {
  const topic = await newTopic('gzip', 1);
  const producer = await otherProducer();
  const values = Array.from({ length: 500 }, (_, n) => ({ n, text: `värde ${n}` }));
  const messages = values.map((value) => ({
    key: 'one',
    value: JSON.stringify(value),
    headers: { n: `${value.n}` },
  }));
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
  const group = await member(topic).listens();
  const got = await group.got(500);
  expect(got.map(({ payload }) => payload)).toEqual(values);
  expect(got.map(({ headers }) => headers.get('n'))).toEqual(values.map(({ n }) => String(n)));
});
