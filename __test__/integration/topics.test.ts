import { expect, test } from 'vitest';
import { ProsodyError } from '../../src/index.js';
import {
  admin,
  committed,
  logged,
  makeTopic,
  member,
  newTopic,
  otherProducer,
  sender,
  stays,
  unique,
  until,
  withKafka,
} from './support.js';

withKafka();

/** Sends with a client that is gone afterwards: one that knew a deleted topic would have the broker make it again. */
async function sendOnce(topic: string, count: number, what: string): Promise<void> {
  const { client } = sender();
  const records = Array.from({ length: count }, (_, n) => ({ topic, key: 'k', payload: `${what} ${n}` }));
  const results = await client.sendMany(records);
  await client[Symbol.asyncDispose]();
  expect(results.every(({ ok }) => ok)).toBe(true);
}

test('a missing topic is said once and waited for; created later, it is picked up without a restart', async () => {
  const topic = unique('later');
  const subject = await member(topic).listens();
  const error = await subject.failed('UNKNOWN_TOPIC');
  expect(error).toBeInstanceOf(ProsodyError);
  expect(error.retryable).toBe(true);
  expect(error.message).toContain(topic);
  expect(error.message).toContain('create it');
  // Two refreshes of the metadata: one that went on saying it would do so by now.
  await stays(() => subject.errors.length === 1, 'said once', 11_000);
  expect(logged.filter(({ message }) => message.includes(topic)).length).toBeLessThanOrEqual(2);
  await makeTopic(topic, 2);
  await until(() => subject.client.assignedPartitionCount === 2, 'the new topic is assigned');
  await subject.client.send(topic, 'a', 1);
  await subject.got(1);
  expect(subject.errors.length).toBe(1);
});

test('a missing topic does not hold up the other one', async () => {
  const there = await newTopic('there', 2);
  const missing = unique('missing');
  const subject = await member([missing, there]).listens();
  await subject.client.send(there, 'a', 1);
  await subject.got(1);
  await subject.failed('UNKNOWN_TOPIC');
  expect(subject.errors.map(({ code }) => code)).toEqual(['UNKNOWN_TOPIC']);
});

test('a pattern takes a new topic up, and nothing else', async () => {
  const family = unique('family');
  await makeTopic(`${family}.one`, 1);
  await makeTopic(`x${family}.other`, 1);
  const subject = await member(`^${family}\\..*`).listens();
  await until(() => subject.client.assignedPartitionCount === 1, 'the first topic is assigned');
  await makeTopic(`${family}.two`, 3);
  await until(() => subject.client.assignedPartitionCount === 4, 'the second topic is assigned too');
  const { client } = sender();
  await client.send(`${family}.one`, 'a', 1);
  await client.send(`${family}.two`, 'a', 2);
  await client.send(`x${family}.other`, 'a', 3);
  const messages = await subject.got(2);
  expect(messages.map(({ payload }) => payload).sort()).toEqual([1, 2]);
  expect(subject.errors).toEqual([]);
});

test('a pattern that is no regular expression is refused', async () => {
  const attempt = async (): Promise<void> => {
    await member('^orders-(').listens();
  };
  const error = await attempt().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProsodyError);
  expect((error as ProsodyError).retryable).toBe(false);
  expect((error as Error).message).toContain('^orders-(');
});

test('partitions that are added are read, from their beginning', async () => {
  const topic = await newTopic('grows', 1);
  const subject = await member(topic).listens();
  await until(() => subject.client.assignedPartitionCount === 1, 'one partition');
  await (await admin()).createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  const producer = await otherProducer();
  await producer.send({
    topic,
    messages: [0, 1, 2].map((partition) => ({ partition, key: 'k', value: `${partition}` })),
  });
  await until(() => subject.client.assignedPartitionCount === 3, 'three partitions');
  const messages = await subject.got(3);
  expect(messages.map(({ partition }) => partition).sort()).toEqual([0, 1, 2]);
});

test('a topic that is deleted is said with its name, and another one goes on', async () => {
  const doomed = await newTopic('doomed', 2);
  const stable = await newTopic('stable', 2);
  const subject = await member([doomed, stable]).listens();
  await sendOnce(doomed, 1, 'before');
  await subject.got(1);
  await (await admin()).deleteTopics({ topics: [doomed] });
  const error = await subject.failed('UNKNOWN_TOPIC');
  expect(error.message).toContain(doomed);
  await subject.client.send(stable, 'a', 'after');
  await subject.got(2);
  await until(() => subject.client.assignedPartitionCount === 2, 'only the stable topic is held');
  await stays(() => subject.errors.length <= 3, 'no loop of errors', 6_000);
  expect(subject.messages[1]?.payload).toBe('after');
});

for (const pace of ['at once', 'after it was missed'] as const) {
  test(`a topic that is deleted and made again ${pace} is read from its beginning, or stops with an error`, async () => {
    const topic = await newTopic('phoenix', 1);
    const config = { groupId: `${topic}-group` };
    const first = await member(topic, config).listens();
    await sendOnce(topic, 10, 'old');
    await first.got(10);
    await until(
      async () => (await committed(config.groupId, topic)).get(0)?.offset === 10,
      'all is committed',
    );
    const eraser = await admin();
    await eraser.deleteTopics({ topics: [topic] });
    if (pace === 'after it was missed') await first.failed('UNKNOWN_TOPIC');
    const remade = () =>
      eraser
        .createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false })
        .catch(() => false);
    await until(remade, 'the topic is made again');
    if (pace === 'at once') {
      // The position of the old log is past the end of the new one.
      const error = await first.failed('OFFSET_OUT_OF_RANGE');
      expect(error.message).toContain(topic);
    }
    await sendOnce(topic, 5, 'new');
    const second = member(topic, config);
    if (pace === 'at once') {
      await first.client.unsubscribe();
      await second.listens();
    }
    const news = (): unknown[] =>
      [...first.messages.slice(10), ...second.messages].map(({ payload }) => payload);
    await until(() => news().length >= 5, 'the new topic is read');
    expect(news()).toEqual([0, 1, 2, 3, 4].map((n) => `new ${n}`));
  });
}
