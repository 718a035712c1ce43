import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ConsumerState, PermanentError } from '../../src/index.js';
import {
  closing,
  committed,
  logged,
  member,
  newTopic,
  other,
  sender,
  stays,
  type Subject,
  until,
  withKafka,
} from './support.js';

withKafka();

const held = (subject: ReturnType<typeof member>) => {
  const now = new Set(subject.assigned.map(({ partition }) => partition));
  for (const { partition } of subject.revoked) now.delete(partition);
  return now;
};

test('a second member takes its share and gives it back; both are told, and nothing runs twice', async () => {
  const topic = await newTopic('share', 4);
  const group = `${topic}-group`;
  const seen: string[] = [];
  const note = (name: string) => async (_: unknown, message: { key: string | null; payload: unknown }) => {
    await sleep(5);
    seen.push(`${name} ${message.key} ${String(message.payload)}`);
  };
  const first = await member(topic, { groupId: group }).listens(note('first'));
  await until(() => first.client.assignedPartitionCount === 4, 'the first member has all');
  expect([...held(first)].sort()).toEqual([0, 1, 2, 3]);
  const { client } = sender();
  let sent = 0;
  let running = true;
  const load = (async () => {
    while (running) {
      await client.sendMany(
        Array.from({ length: 20 }, (_, n) => ({ topic, key: `k${n}`, payload: Math.floor(sent / 20) })),
      );
      sent += 20;
    }
  })();
  const second = await member(topic, { groupId: group }).listens(note('second'));
  await until(
    () => first.client.assignedPartitionCount === 2 && second.client.assignedPartitionCount === 2,
    'each has two',
  );
  expect(first.revoked.length).toBe(2);
  expect(second.assigned.length).toBe(2);
  await until(() => second.messages.length > 50, 'the second member works');
  await second.client.unsubscribe();
  expect(second.client.consumerState).toBe(ConsumerState.Configured);
  expect(second.client.assignedPartitionCount).toBe(0);
  await until(() => first.client.assignedPartitionCount === 4, 'the first member has all again');
  running = false;
  await load;
  await until(() => seen.length >= sent, 'all is handled');
  await stays(() => seen.length === sent, 'nothing runs twice', 500);
  const order = new Map<string, number[]>();
  for (const line of seen) {
    const [, key, payload] = line.split(' ');
    order.set(key!, [...(order.get(key!) ?? []), Number(payload)]);
  }
  for (const numbers of order.values()) expect(numbers).toEqual(numbers.map((_, n) => n));
  expect(first.errors.concat(second.errors)).toEqual([]);
});

test('more members than partitions: the one too many waits, and steps in', async () => {
  const topic = await newTopic('spare', 1);
  const group = `${topic}-group`;
  const first = await member(topic, { groupId: group }).listens();
  await until(() => first.client.assignedPartitionCount === 1, 'the first member has it');
  const spare = await member(topic, { groupId: group }).listens();
  expect(spare.client.consumerState).toBe(ConsumerState.Running);
  await first.client.send(topic, 'a', 1);
  await until(() => first.messages.length + spare.messages.length === 1, 'somebody has the first record');
  const busy = first.client.assignedPartitionCount === 1 ? [first, spare] : [spare, first];
  await busy[0]!.client.unsubscribe();
  await until(() => busy[1]!.client.assignedPartitionCount === 1, 'the other one has the partition');
  await busy[1]!.client.send(topic, 'a', 2);
  const seen = () => [first, spare].map(({ messages }) => messages.map(({ payload }) => payload));
  const facts = (): string => `first and spare have seen ${JSON.stringify([seen(), logged])}`;
  await until(() => seen().flat().includes(2), 'the second record').catch((cause: unknown) => {
    throw new Error(facts(), { cause });
  });
  expect(seen().flat().sort(), facts()).toEqual([1, 2]);
});

test('unsubscribe commits exactly what has finished, and subscribe goes on from there', async () => {
  const topic = await newTopic('again', 2);
  const group = `${topic}-group`;
  const subject = member(topic, { groupId: group, commitIntervalMs: 60_000 });
  await subject.listens();
  const send = (from: number) =>
    subject.client.sendMany(
      Array.from({ length: 50 }, (_, n) => ({ topic, key: `k${n}`, payload: from + n })),
    );
  await send(0);
  await subject.got(50);
  await subject.client.unsubscribe();
  const total = [...(await committed(group, topic)).values()].reduce((sum, { offset }) => sum + offset, 0);
  expect(total).toBe(50);
  await send(50);
  await subject.listens();
  await subject.got(100);
  await stays(() => subject.messages.length === 100, 'nothing runs twice', 500);
  expect(new Set(subject.messages.map(({ payload }) => payload)).size).toBe(100);
});

test('failures hold back their own key only; a permanent one is said and passed', async () => {
  const topic = await newTopic('fails', 1);
  const group = `${topic}-group`;
  const subject = member(topic, { groupId: group, deferBaseMs: 100 });
  const done: string[] = [];
  await subject.listens(async (_context, message) => {
    const {
      n,
      failures = 0,
      permanent = false,
    } = message.payload as {
      n: number;
      failures?: number;
      permanent?: boolean;
    };
    if (permanent) throw new PermanentError('never');
    if (message.attempt <= failures) throw new Error('not yet');
    done.push(`${message.key}${n}`);
  });
  const { client } = sender();
  await client.sendMany([
    { topic, key: 'slow', payload: { n: 0, failures: 3 } },
    { topic, key: 'slow', payload: { n: 1 } },
    { topic, key: 'bad', payload: { n: 0, permanent: true } },
    { topic, key: 'bad', payload: { n: 1 } },
    { topic, key: 'good', payload: { n: 0 } },
  ]);
  await until(() => done.length === 4, 'all but the permanent one have succeeded');
  expect(done.filter((line) => line.startsWith('slow'))).toEqual(['slow0', 'slow1']);
  expect(done.indexOf('good0')).toBeLessThan(done.indexOf('slow0'));
  expect(done).toContain('bad1');
  await until(async () => (await committed(group, topic)).get(0)?.offset === 5, 'all is committed');
  const lines = logged.filter(({ message }) => message.includes('failed for good'));
  expect(lines).toHaveLength(1);
  expect(JSON.stringify(lines[0]!.metadata)).toContain('never');
});

test('a second consumer with the same groupInstanceId ends the first one, which says why', async () => {
  const topic = await newTopic('static', 2);
  const config = { groupId: `${topic}-group`, groupInstanceId: 'the-one' };
  const first = await member(topic, config).listens();
  await until(() => first.client.assignedPartitionCount === 2, 'the first one has both');
  const second = await member(topic, config).listens();
  const error = await first.failed('FENCED');
  expect(error.message).toContain('groupInstanceId');
  expect(error.retryable).toBe(false);
  await until(() => second.client.assignedPartitionCount === 2, 'the second one has both');
  expect(first.client.assignedPartitionCount).toBe(0);
  await second.client.send(topic, 'a', 1);
  await second.got(1);
  await first.client.unsubscribe();
});

test('a group whose members speak another protocol is said with its name', async () => {
  const topic = await newTopic('mixed', 1);
  const group = `${topic}-group`;
  const theirs = other().consumer({ groupId: group });
  closing({ close: () => theirs.disconnect() });
  await theirs.connect();
  await theirs.subscribe({ topic });
  const joined = new Promise((resolve) => theirs.on('consumer.group_join', resolve));
  await theirs.run({ eachMessage: async () => {} });
  await joined;
  const subject = await member(topic, { groupId: group }).listens();
  await until(() => subject.errors.length > 0, 'an error event');
  expect(subject.errors[0]!.message).toMatch(new RegExp(`${group}.*protocol.*leave`));
  expect(subject.errors[0]!.retryable).toBe(true);
  await stays(() => subject.errors.length === 1, 'said once', 3_000);
  await theirs.disconnect();
  await until(() => subject.client.assignedPartitionCount === 1, 'it joins when they have left');
});

test('a member with a groupInstanceId that comes back in its session has its partitions again, and nobody else is disturbed', async () => {
  const topic = await newTopic('returns', 4);
  const config = { groupId: `${topic}-group`, sessionTimeoutMs: 20_000 };
  const remains = await member(topic, { ...config, groupInstanceId: 'remains' }).listens();
  const goes = await member(topic, { ...config, groupInstanceId: 'goes' }).listens();
  const settled = (one: Subject, other: Subject) => () =>
    one.client.assignedPartitionCount === 2 && other.client.assignedPartitionCount === 2;
  await until(settled(remains, goes), 'each has two partitions');
  const numbers = goes.assigned.map(({ partition }) => partition).sort();
  const before = [remains.assigned.length, remains.revoked.length];
  await goes.client.unsubscribe();
  const back = await member(topic, { ...config, groupInstanceId: 'goes' }).listens();
  await until(settled(remains, back), 'it has two partitions again');
  expect(back.assigned.map(({ partition }) => partition).sort()).toEqual(numbers);
  const { client } = sender();
  for (const partition of [0, 1, 2, 3]) await client.send(topic, 'k', partition, { partition });
  await until(() => remains.messages.length + back.messages.length === 4, 'all partitions are read');
  expect([remains.assigned.length, remains.revoked.length]).toEqual(before);
});
