// What the user sees while a broker is away: a Kafka of its own, so that nobody else misses it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKafka } from '../../scripts/kafka.mjs';
import { ProsodyError, SendError } from '../../src/index.js';
import {
  committed,
  freePort,
  logged,
  makeTopic,
  member,
  newTopic,
  sender,
  until,
  withKafka,
} from './support.js';

withKafka();

let port = 0;
let kafka: Awaited<ReturnType<typeof startKafka>> | undefined;
const address = (): string => `127.0.0.1:${port}`;

beforeAll(async () => {
  port = await freePort();
});
afterAll(async () => {
  await kafka?.stop();
});

test('a send that no broker takes is rejected in time, typed, and says where and what to do', async () => {
  const { client, errors } = sender({ bootstrapServers: address(), sendTimeoutMs: 1_500 });
  const began = Date.now();
  const error = await client.send('nowhere', 'a', 1).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SendError);
  expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
  expect((error as SendError).message).toContain('1500 ms');
  expect((error as SendError).message).toContain(address());
  expect((error as SendError).message).toContain('sendTimeoutMs');
  expect(Date.now() - began).toBeLessThan(6_000);
  expect(errors.filter((event) => !(event instanceof ProsodyError))).toEqual([]);
});

test('a client that is there before its broker says so once, and works when the broker comes', async () => {
  const early = member('early', { bootstrapServers: address() });
  await early.listens();
  const error = await early.failed('BROKER_UNREACHABLE');
  expect(error).toBeInstanceOf(ProsodyError);
  expect(error.retryable).toBe(true);
  expect(error.message).toContain(address());
  expect(error.message).toContain('bootstrapServers');
  expect(early.client.assignedPartitionCount).toBe(0);
  kafka = await startKafka({ port, quiet: true, extra: { 'auto.create.topics.enable': 'false' } });
  const away = early.errors.filter(({ code }) => code === 'BROKER_UNREACHABLE');
  expect(away.length).toBeLessThanOrEqual(4);
  expect(logged.filter(({ level }) => level === 'error').length).toBeLessThanOrEqual(20);
  await makeTopic('early', 2, {}, address());
  await until(() => early.client.assignedPartitionCount === 2, 'both partitions are assigned');
  await early.client.send('early', 'a', { hello: 1 });
  const [message] = await early.got(1);
  expect(message?.payload).toEqual({ hello: 1 });
}, 120_000);

test('a send to a topic that does not exist is rejected with its name, others are not held up', async () => {
  const topic = await newTopic('exists', 1, {}, address());
  const { client } = sender({ bootstrapServers: address() });
  await client.send(topic, 'a', 1);
  const hasty = sender({ bootstrapServers: address(), sendTimeoutMs: 4_000 });
  await hasty.client.send(topic, 'a', 2).catch(() => undefined); // a first send may be slow
  const missing = hasty.client.send('not-there', 'a', 1).catch((thrown: unknown) => thrown);
  await hasty.client.send(topic, 'a', 3);
  const error = await missing;
  expect(error).toBeInstanceOf(SendError);
  expect(error).toMatchObject({ code: 'UNKNOWN_TOPIC', retryable: true });
  expect((error as SendError).message).toContain('not-there');
  expect((error as SendError).message).toContain('create the topic');
});

for (const how of ['killed', 'halted'] as const) {
  test(`a broker that is ${how} and comes back: nothing lost, nothing twice, order kept`, async () => {
    const topic = await newTopic(`restart-${how}`, 4, {}, address());
    const group = `${topic}-group`;
    const subject = member(topic, {
      bootstrapServers: address(),
      groupId: group,
      sendTimeoutMs: 60_000,
    });
    const seen = new Map<string, number[]>();
    await subject.listens(async (_context, message) => {
      const of = seen.get(message.key!) ?? [];
      of.push((message.payload as { seq: number }).seq);
      seen.set(message.key!, of);
    });
    const keys = Array.from({ length: 40 }, (_, n) => `k${n}`);
    const rounds = 60;
    const sent: Promise<void>[] = [];
    const round = (seq: number) => {
      for (const key of keys) sent.push(subject.client.send(topic, key, { seq }));
    };
    for (let seq = 0; seq < 20; seq += 1) round(seq);
    await subject.got(100);
    if (how === 'killed') await kafka!.kill();
    else await kafka!.halt();
    for (let seq = 20; seq < 40; seq += 1) round(seq);
    await kafka!.start();
    for (let seq = 40; seq < rounds; seq += 1) round(seq);
    const outcomes = await Promise.allSettled(sent);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    await subject.got(keys.length * rounds, 60_000);
    const all = Array.from({ length: rounds }, (_, seq) => seq);
    for (const key of keys) {
      // The session outlives the restart, or it does not: then the same record may come again, never an older one
      // after a newer one has come for the first time.
      expect([...new Set(seen.get(key))], key).toEqual(all);
    }
    await until(async () => {
      const offsets = await committed(group, topic, address());
      return [...offsets.values()].reduce((sum, { offset }) => sum + offset, 0) === keys.length * rounds;
    }, 'all is committed');
  }, 180_000);
}
