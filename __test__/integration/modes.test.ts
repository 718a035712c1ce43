import { expect, inject, test } from 'vitest';
import { PermanentError } from '../../src/index.js';
import { modes } from '../scenario/modes.js';
import { committed, makeTopic, member, newTopic, sender, unique, until, withKafka } from './support.js';

withKafka();

modes(() => ({ bootstrapServers: inject('kafka').bootstrapServers, sendTimeoutMs: 20_000 }), unique);

test('a_dead_letter_too_large_for_its_topic_stops_its_partition_alone', async () => {
  const topic = await newTopic('large', 2);
  const dead = `${topic}.dead`;
  await makeTopic(dead, 1, { 'max.message.bytes': '2000' });
  const config = { groupId: `${topic}-group`, failureTopic: dead };
  const subject = member(topic, config);
  await subject.listens(() => {
    throw new PermanentError('never');
  });
  const { client } = sender();
  // Random, so that no compression makes it fit.
  const large = Buffer.from(Array.from({ length: 4000 }, () => Math.floor(Math.random() * 256)));
  await client.send(topic, 'k', large, { partition: 0 });
  await client.send(topic, 'k', 'after', { partition: 0 });
  await client.send(topic, 'k', 'other', { partition: 1 });
  await until(() => subject.errors.length > 0, 'the error');
  expect(subject.errors[0]).toMatchObject({ code: 'TOO_LARGE' });
  expect(subject.errors[0]?.message).toContain(`offset 0 of ${topic}[0]`);
  const offset = async (partition: number): Promise<number | undefined> =>
    (await committed(config.groupId, topic)).get(partition)?.offset;
  await until(async () => (await offset(1)) === 1, 'the other partition goes on');
  expect(await offset(0)).toBe(-1);
  expect(subject.messages.filter(({ partition }) => partition === 0)).toHaveLength(1);
  await client.flush();
});
