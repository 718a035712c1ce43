// Offsets that are no records, and offsets that are not where they should be.
import { expect, test } from 'vitest';
import {
  admin,
  closing,
  committed,
  member,
  newTopic,
  other,
  otherProducer,
  readBack,
  stays,
  unique,
  until,
  withKafka,
} from './support.js';

withKafka();

const numbered = (count: number, from = 0, partition = 0) =>
  Array.from({ length: count }, (_, n) => ({ partition, key: `k${n % 3}`, value: String(from + n) }));

test('what a transaction has aborted is never seen, and the offset passes it', async () => {
  const topic = await newTopic('aborted', 1);
  const subject = await member(topic, { groupId: `${topic}-group` }).listens();
  const producer = await otherProducer({
    transactionalId: unique('transaction'),
    idempotent: true,
    maxInFlightRequests: 1,
  });
  const round = async (from: number, commits: boolean): Promise<void> => {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: numbered(5, from) });
    if (commits) await transaction.commit();
    else await transaction.abort();
  };
  await round(0, true);
  await round(100, false);
  await round(200, true);
  await round(300, false);
  await round(400, true);
  await subject.got(15);
  const values = subject.messages.map(({ payload }) => payload as number);
  expect([...values].sort((a, b) => a - b)).toEqual(
    [0, 200, 400].flatMap((n) => [0, 1, 2, 3, 4].map((m) => n + m)),
  );
  const last = Math.max(...subject.messages.map(({ offset }) => offset));
  await until(
    async () => (await committed(`${topic}-group`, topic)).get(0)?.offset === last + 1,
    'the commit has passed what was aborted',
  );
});

test('records of an open transaction wait for its end, and so does what comes after them', async () => {
  const topic = await newTopic('open', 1);
  const subject = await member(topic).listens();
  const producer = await otherProducer({
    transactionalId: unique('transaction'),
    idempotent: true,
    maxInFlightRequests: 1,
  });
  const plain = await otherProducer();
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: numbered(1, 1) });
  await plain.send({ topic, messages: numbered(1, 2) });
  await stays(() => subject.messages.length === 0, 'nothing is seen', 1_000);
  await transaction.commit();
  await subject.got(2);
  expect(subject.messages.map(({ payload }) => payload)).toEqual([1, 2]);
});

test('a compacted topic is read over its gaps, and committed to its end', async () => {
  const topic = await newTopic('compacted', 1, {
    'cleanup.policy': 'compact',
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0.01',
    'max.compaction.lag.ms': '100',
  });
  const producer = await otherProducer();
  const records = numbered(90);
  for (let at = 0; at < 90; at += 30) await producer.send({ topic, messages: records.slice(at, at + 30) });
  const count = async (): Promise<number> => {
    const [end] = await (await admin()).fetchTopicOffsets(topic);
    const found = await readBack(topic, 1);
    await until(
      () => found.some(({ offset }) => Number(offset) === Number(end!.high) - 1),
      'the end is read',
    );
    return found.filter(({ key }) => key?.toString() !== 'roll').length;
  };
  const roll = async (): Promise<boolean> => {
    await producer.send({ topic, messages: [{ partition: 0, key: 'roll', value: '-1' }] });
    return (await count()) < 90;
  };
  await until(roll, 'the cleaner has been here', 50_000);
  const subject = await member(topic, { groupId: `${topic}-group` }).listens();
  const [high] = await (await admin()).fetchTopicOffsets(topic);
  await until(
    async () => (await committed(`${topic}-group`, topic)).get(0)?.offset === Number(high!.high),
    'all is committed',
  );
  const seen = subject.messages.filter(({ key }) => key !== 'roll');
  expect(seen.length).toBeLessThan(90);
  const newest = new Map(seen.map(({ key, payload }) => [key, payload]));
  expect(newest).toEqual(
    new Map([
      ['k0', 87],
      ['k1', 88],
      ['k2', 89],
    ]),
  );
  for (const key of newest.keys()) {
    const offsets = seen.filter((message) => message.key === key).map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
  }
}, 90_000);

/** Has a group commit these offsets, as an application on kafkajs would have left them. */
async function leave(
  group: string,
  topic: string,
  offsets: number[],
  metadata: string | null,
): Promise<void> {
  const consumer = other().consumer({ groupId: group });
  await consumer.connect();
  const list = offsets.map((offset, partition) => ({ topic, partition, offset: String(offset), metadata }));
  await consumer.subscribe({ topic });
  const joined = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
  await consumer.run({ autoCommit: false, eachMessage: async () => {} });
  await joined;
  await consumer.commitOffsets(list);
  await consumer.disconnect();
}

for (const [where, offset] of [
  ['below the start of its log', 2],
  ['beyond the end of its log', 1_000],
] as const) {
  test(`a partition committed ${where} stops with a typed error, and the other one goes on`, async () => {
    const topic = await newTopic('cut', 2);
    const group = `${topic}-group`;
    const producer = await otherProducer();
    await producer.send({ topic, messages: [...numbered(10, 0, 0), ...numbered(10, 100, 1)] });
    const eraser = await admin();
    const partitions = [offset, 2].map((at, partition) => ({ partition, offset: String(at) }));
    await eraser.setOffsets({ groupId: group, topic, partitions });
    await eraser.fetchTopicOffsets(topic); // kafkajs deletes only from topics that it knows
    await eraser.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
    const subject = await member(topic, { groupId: group }).listens();
    const error = await subject.failed('OFFSET_OUT_OF_RANGE');
    expect(error.message).toContain(topic);
    expect(error.message).toContain(String(offset));
    expect(error.message).toContain('reset');
    expect(error.retryable).toBe(false);
    await subject.got(8);
    await producer.send({ topic, messages: [...numbered(3, 50, 0), ...numbered(3, 110, 1)] });
    await subject.got(11);
    await stays(() => subject.errors.length === 1, 'said once', 2_000);
    expect(subject.messages.every(({ partition }) => partition === 1)).toBe(true);
    await until(
      async () => (await committed(group, topic)).get(1)?.offset === 13,
      'the other partition is committed',
    );
    expect((await committed(group, topic)).get(0)?.offset).toBe(offset);
  });
}

for (const metadata of [
  null,
  '',
  'left by somebody else',
  '{"json":true}',
  '\u3400\u3401\u3402',
  'é'.repeat(500),
]) {
  test(`a group that another program left is continued: metadata ${JSON.stringify(metadata)?.slice(0, 24)}`, async () => {
    const topic = await newTopic('left', 2);
    const group = `${topic}-group`;
    const producer = await otherProducer();
    await producer.send({ topic, messages: [...numbered(10, 0, 0), ...numbered(10, 100, 1)] });
    await leave(group, topic, [4, 9], metadata);
    const subject = await member(topic, { groupId: group }).listens();
    await subject.got(7);
    await until(
      async () => [...(await committed(group, topic)).values()].every(({ offset }) => offset === 10),
      'all is committed',
    );
    const values = subject.messages.map(({ payload }) => payload as number).sort((a, b) => a - b);
    expect(values).toEqual([4, 5, 6, 7, 8, 9, 109]);
    expect(subject.errors).toEqual([]);
  });
}

test('kafkajs goes on where this client has stopped', async () => {
  const topic = await newTopic('handover', 1);
  const group = `${topic}-group`;
  const producer = await otherProducer();
  await producer.send({ topic, messages: numbered(10) });
  const subject = await member(topic, { groupId: group }).listens();
  await subject.got(10);
  await subject.client.unsubscribe();
  await producer.send({ topic, messages: numbered(5, 10) });
  const consumer = other().consumer({ groupId: group, maxWaitTimeInMs: 100 });
  closing({ close: () => consumer.disconnect() });
  const values: number[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(Number(message.value));
    },
  });
  await until(() => values.length >= 5, 'kafkajs has the rest');
  expect(values).toEqual([10, 11, 12, 13, 14]);
});
