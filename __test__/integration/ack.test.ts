import { expect, inject, test } from 'vitest';
import { ack } from '../scenario/ack.js';
import { committed, member, newTopic, sender, unique, until, withKafka } from './support.js';

withKafka();

for (const groupProtocol of ['classic', 'consumer'] as const) {
  ack(
    () => ({ bootstrapServers: inject('kafka').bootstrapServers, sendTimeoutMs: 20_000, groupProtocol }),
    (name) => unique(`${name}-${groupProtocol}`),
  );
}

test('commits_do_not_pass_a_message_that_waits_for_its_commit', async () => {
  const topic = await newTopic('holes', 1);
  const groupId = unique('holes-group');
  const subject = await member(topic, { groupId, ack: 'manual' }).listens();
  const { client } = sender();
  await client.sendMany(['a', 'b', 'c'].map((key) => ({ topic, key, payload: key })));
  const messages = await subject.got(3);
  const of = (key: string) => messages.find((message) => message.key === key)!;
  const offset = async (): Promise<number | undefined> => (await committed(groupId, topic)).get(0)?.offset;
  of('c').commit();
  of('b').commit();
  await until(async () => (await offset()) === 0, 'what is finished above the hole is committed as a map');
  expect((await committed(groupId, topic)).get(0)?.metadata).not.toBe('');
  of('a').commit();
  await until(async () => (await offset()) === 3, 'the offset goes past all of them');
});
