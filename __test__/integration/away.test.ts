import { expect, inject, test } from 'vitest';
import type { Message } from '../../src/index.js';
import { away, body, TIGHT } from '../scenario/away.js';
import { admin, member, newTopic, sender, type Subject, unique, until, withKafka } from './support.js';

withKafka();

away(() => ({ bootstrapServers: inject('kafka').bootstrapServers, sendTimeoutMs: 20_000 }), unique);

/** A consumer with a parked message at offset 1 whose bytes are given up; the log begins above it now. */
async function parkedAndDeleted(
  failureTopic?: string,
): Promise<{ subject: Subject; topic: string; heal: () => void }> {
  const topic = await newTopic('deleted', 1);
  let healed = false;
  const config = {
    ...TIGHT,
    deferBaseMs: 1_500,
    deferMaxDelayMs: 1_500,
    retryJitter: 'none',
    groupId: unique('group'),
  };
  const subject = member(topic, {
    ...config,
    ...(failureTopic === undefined ? {} : { failureTopic }),
  } as typeof TIGHT);
  const onMessage = (_context: unknown, { key }: Message): void => {
    if (!healed && key !== 'well') throw new Error('not now');
  };
  await subject.listens(onMessage);
  const { client } = sender();
  // The first key is the one that is kept ready.
  for (const key of ['kept', 'away', 'well']) await client.send(topic, key, body(key, 0));
  await until(() => subject.messages.some(({ key }) => key === 'well'), 'the others go on');
  await (await admin()).deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] });
  return { subject, topic, heal: () => (healed = true) };
}

test('a_parked_message_that_was_deleted_stops_its_partition_with_an_error_that_says_so', async () => {
  const { subject, topic, heal } = await parkedAndDeleted();
  heal();
  const error = await subject.failed('OFFSET_OUT_OF_RANGE');
  expect(error.message).toContain(`offset 1 of ${topic}[0]`);
  expect(error.message).toContain('the log begins at offset 3');
  expect(subject.messages.filter(({ key }) => key === 'away')).toHaveLength(1);
});

test('a_parked_message_that_was_deleted_becomes_a_dead_letter_where_there_is_a_topic_for_it', async () => {
  const dead = await newTopic('deleted-dead', 1);
  const { heal, topic } = await parkedAndDeleted(dead);
  const letters = await member(dead).listens();
  heal();
  const [letter] = await letters.got(1);
  expect([letter?.key, letter?.rawPayload]).toEqual(['away', null]);
  expect(letter?.headers.get('source-topic')).toBe(topic);
  expect(letter?.headers.get('source-offset')).toBe('1');
  expect(letter?.headers.get('source-error')).toContain('the log begins at offset 3');
});
