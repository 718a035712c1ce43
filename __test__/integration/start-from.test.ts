import { expect, inject, test } from 'vitest';
import { starts } from '../scenario/starts.js';
import { committed, member, newTopic, sender, unique, until, withKafka } from './support.js';

withKafka();

for (const groupProtocol of ['classic', 'consumer'] as const) {
  starts(
    () => ({ bootstrapServers: inject('kafka').bootstrapServers, sendTimeoutMs: 20_000, groupProtocol }),
    (name) => unique(`${name}-${groupProtocol}`),
  );
}

test('the_start_that_was_chosen_is_committed_though_no_record_comes', async () => {
  const topic = await newTopic('start', 2);
  const groupId = unique('start-group');
  const { client } = sender();
  await client.sendMany([1, 2, 3].map((payload) => ({ topic, key: 'k', payload, partition: 1 })));
  const subject = await member(topic, { groupId, startFrom: 'latest' }).listens();
  const offsets = async (): Promise<unknown[]> =>
    [...(await committed(groupId, topic))].sort().map(([, { offset }]) => offset);
  await until(async () => (await offsets()).join() === '0,3', 'both starts are committed');
  expect(subject.messages).toEqual([]);
  await subject.close();
  const before = await member(topic, { groupId, startFrom: 'earliest' }).listens();
  await before.got(3);
  await until(async () => (await offsets()).join() === '0,3', 'they have run again');
});
