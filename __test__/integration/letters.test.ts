import { expect, test } from 'vitest';
import { PermanentError, type RecordEvent } from '../../src/index.js';
import {
  makeTopic,
  member,
  newTopic,
  otherProducer,
  readBack,
  until,
  withKafka,
  type Subject,
} from './support.js';

withKafka();

const random = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => Math.floor(Math.random() * 256)));

/** Name and bytes of each header, as kafkajs has them: values of one name together. */
function bytesOf(headers: Record<string, unknown>): [name: string, values: (string | null)[]][] {
  const hex = (value: unknown): string | null => (value as Buffer | null)?.toString('hex') ?? null;
  return Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(hex) : [hex(value)],
  ]);
}

test('a_dead_letter_of_another_client_s_binary_record_is_that_record_and_its_replay_reaches_one_group', async () => {
  const topic = await newTopic('letters', 2);
  const dead = `${topic}.dead`;
  await makeTopic(dead, 1);
  const groups = new Map<string, { subject: Subject; skipped: RecordEvent[] }>();
  let gives = true;
  for (const name of ['one', 'two']) {
    const subject = member(topic, { groupId: `${topic}-${name}`, failureTopic: dead });
    const skipped: RecordEvent[] = [];
    subject.client.on('skipped', (event) => skipped.push(event));
    groups.set(name, { subject, skipped });
    await subject.listens((_context, message) => {
      if (name === 'one' && gives && message.rawKey?.[0] === 0xff) throw new PermanentError('never');
    });
  }
  const one = groups.get('one')!;
  const two = groups.get('two')!;

  const key = Buffer.concat([Buffer.of(0xff, 0, 0xc3), random(20)]);
  const value = random(5_000);
  const headers: Record<string, Buffer | Buffer[]> = { again: [random(3), random(3)] };
  for (let at = 0; at < 6; at += 1) headers[`binary-${at}`] = random(20 + at);
  headers['empty'] = Buffer.alloc(0);
  headers['naïve 🙂'] = random(2);
  const producer = await otherProducer();
  const timestamp = '1600000000123';
  await producer.send({ topic, messages: [{ key, value, headers, timestamp, partition: 1 }] });

  const [letter] = await readBack(dead, 1);
  expect(letter!.key!.equals(key)).toBe(true);
  expect(letter!.value!.equals(value)).toBe(true);
  expect(letter!.timestamp).toBe(timestamp);
  const all = bytesOf(letter!.headers);
  expect(all.filter(([name]) => !name.startsWith('source-'))).toEqual(bytesOf(headers));
  const added = all.filter(([name]) => name.startsWith('source-'));
  const told = Object.fromEntries(
    added.map(([name, [first]]) => [name, Buffer.from(first!, 'hex').toString()]),
  );
  expect(told).toEqual({
    'source-topic': topic,
    'source-partition': '1',
    'source-offset': '0',
    'source-timestamp': timestamp,
    'source-group-id': `${topic}-one`,
    'source-kind': 'message',
    'source-error': expect.stringContaining('never') as string,
    'source-attempts': '1',
  });

  gives = false;
  await producer.send({
    topic,
    messages: [
      {
        key: letter!.key,
        value: letter!.value,
        partition: 1,
        headers: { 'replay-group': told['source-group-id']!, 'replay-id': 'a' },
      },
      { key: 'after', value: '1', partition: 1 },
    ],
  });
  // Two keys: no order between them.
  const ran = (subject: Subject): number[] => subject.messages.map(({ offset }) => offset).sort();
  await until(
    () => ran(one.subject).length === 3 && ran(two.subject).length === 2 && two.skipped.length === 1,
    'both groups have read to the end',
  );
  expect(ran(one.subject)).toEqual([0, 1, 2]);
  expect(ran(two.subject)).toEqual([0, 2]);
  expect(one.skipped).toEqual([]);
  expect(two.skipped).toMatchObject([{ topic, partition: 1, offset: 1 }]);
  const replayed = one.subject.messages.find(({ offset }) => offset === 1);
  expect(Buffer.from(replayed!.rawPayload!).equals(value)).toBe(true);
});
