import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { expect, inject, test } from 'vitest';
import { ClosedError, ConfigurationError, ProsodyClient, SendError } from '../../src/index.js';
import { closing, freePort, logged, newTopic, readBack, sender, until, withKafka } from './support.js';

withKafka();

test('20,000 sends in flight at once keep the order of each key', async () => {
  const topic = await newTopic('flood', 4);
  const { client } = sender({ sendTimeoutMs: 60_000 });
  const count = 20_000;
  const sends: Promise<unknown>[] = [];
  for (let n = 0; n < count; n += 1) {
    const record = { topic, key: `k${n % 97}`, payload: n };
    // Every tenth with others in one call, which must not overtake nor be overtaken.
    if (n % 10 === 0) sends.push(client.sendMany([record]));
    else sends.push(client.send(topic, record.key, n));
  }
  await Promise.all(sends);
  const found = await readBack(topic, count);
  expect(found.length).toBe(count);
  const last = new Map<string, number>();
  for (const { key, value } of found) {
    const name = String(key);
    const n = Number(value);
    expect(n).toBeGreaterThan(last.get(name) ?? -1);
    last.set(name, n);
  }
  expect(last.size).toBe(97);
}, 120_000);

test('sendMany says for each record where it is, in the order of the call', async () => {
  const topic = await newTopic('many', 3);
  const { client } = sender();
  const records = Array.from({ length: 300 }, (_, n) => ({ topic, key: `k${n % 20}`, payload: n }));
  const results = await client.sendMany(records);
  const found = new Map(
    (await readBack(topic, 300)).map(({ partition, offset, value }) => [
      `${partition}/${offset}`,
      Number(value),
    ]),
  );
  const there = results.map((result) =>
    result.ok ? found.get(`${result.partition}/${result.offset}`) : result,
  );
  expect(there).toEqual(records.map(({ payload }) => payload));
});

test('one record that is refused does not touch its neighbours', async () => {
  const topic = await newTopic('mixed', 2);
  const { client } = sender();
  const results = await client.sendMany([
    { topic, key: 'a', payload: 1 },
    { topic, key: 'b', payload: randomBytes(2 * 1024 * 1024) },
    { topic, key: 'c', payload: 3, partition: 77 },
    { topic: 'no such/topic!', key: 'd', payload: 4 },
    { topic, key: 'e', payload: () => undefined },
    { topic, key: 'a', payload: 6 },
  ]);
  expect(results.map((result) => (result.ok ? 'ok' : (result.error as SendError).code))).toEqual([
    'ok',
    'TOO_LARGE',
    'UNKNOWN_TOPIC',
    'INVALID',
    'INVALID_ARGUMENT',
    'ok',
  ]);
  const errors = results.flatMap((result) => (result.ok ? [] : [result.error as SendError]));
  for (const error of errors) expect(error).toBeInstanceOf(SendError);
  expect(errors[0]!.retryable).toBe(false);
  expect(errors[0]!.message).toContain('max.message.bytes');
  expect(errors[1]!.message).toContain('77');
  expect(errors[2]!.message).toContain('no such/topic!');
  expect((await readBack(topic, 2)).map(({ value }) => Number(value))).toEqual([1, 6]);
});

test('a signal rejects with its own reason, before and during a send; the client goes on', async () => {
  const topic = await newTopic('aborted', 1);
  const { client } = sender();
  const reason = new Error('not any more');
  await expect(client.send(topic, 'a', 1, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const sends = Array.from({ length: 50 }, () => client.send(topic, 'a', 2, controller.signal));
  controller.abort(reason);
  const outcomes = await Promise.allSettled(sends);
  expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason === reason)).toBe(true);
  await client.send(topic, 'a', 3, { signal: new AbortController().signal });
  await client.flush();
  const values = (await readBack(topic, 1)).map(({ value }) => Number(value));
  expect(values.filter((value) => value === 1)).toEqual([]);
  await until(() => values.length > 0, 'something was read');
});

test('flush resolves when all that was sent before it has its answer', async () => {
  const topic = await newTopic('flushed', 2);
  const { client } = sender();
  let settled = 0;
  for (let n = 0; n < 2_000; n += 1) void client.send(topic, `k${n}`, n).finally(() => (settled += 1));
  await client.flush();
  expect(settled).toBe(2_000);
  await client.flush();
});

test('a client that is disposed of under load settles every send exactly once', async () => {
  const topic = await newTopic('disposed', 2);
  const client = sender().client;
  const settled = new Map<number, string[]>();
  const note = (n: number, what: string) => settled.set(n, [...(settled.get(n) ?? []), what]);
  for (let n = 0; n < 3_000; n += 1) {
    client.send(topic, `k${n % 7}`, n).then(
      () => note(n, 'ok'),
      (error: unknown) => note(n, (error as SendError).code),
    );
  }
  await Promise.all([client[Symbol.asyncDispose](), client[Symbol.asyncDispose]()]);
  expect(settled.size).toBe(3_000);
  expect([...settled.values()].filter((list) => list.length !== 1 || list[0] !== 'ok')).toEqual([]);
  await expect(client.send(topic, 'a', 1)).rejects.toBeInstanceOf(ClosedError);
  expect(await readBack(topic, 3_000)).toHaveLength(3_000);
});

test('a client that is disposed of while no broker answers rejects every send, in time', async () => {
  const port = await freePort();
  const { client } = sender({ bootstrapServers: `127.0.0.1:${port}`, sendTimeoutMs: 2_000 });
  const sends = Array.from({ length: 100 }, (_, n) => client.send('nowhere', `k${n}`, n));
  const began = Date.now();
  const [outcomes] = await Promise.all([Promise.allSettled(sends), client[Symbol.asyncDispose]()]);
  expect(Date.now() - began).toBeLessThan(10_000);
  const codes = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as SendError).code : 'ok',
  );
  expect(codes.every((code) => code === 'TIMEOUT' || code === 'CLOSED')).toBe(true);
});

test('bad options come all at once, before any connection is made', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing({ close: () => new Promise((resolve) => server.close(resolve)) });
  const address = server.address() as { port: number };
  const bootstrapServers = `127.0.0.1:${address.port}`;
  const attempt = () =>
    new ProsodyClient({
      bootstrapServers,
      groupId: '',
      maxConcurrency: 0,
      commitIntervalMs: Number.NaN,
      mode: 'sometimes' as never,
      deferFailureThreshold: 7,
      probePort: 70_000,
      security: { protocol: 'sasl_ssl', username: 'somebody' },
      kafka: { 'enable.auto.commit': true },
    });
  let error: unknown;
  try {
    attempt();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigurationError);
  const { problems, message } = error as ConfigurationError;
  const paths = problems.map(({ path }) => path);
  for (const path of [
    'groupId',
    'maxConcurrency',
    'commitIntervalMs',
    'mode',
    'deferFailureThreshold',
    'probePort',
  ]) {
    expect(paths).toContain(path);
    expect(message).toContain(path);
  }
  expect(paths.some((path) => path.startsWith('security'))).toBe(true);
  expect(paths.some((path) => path.includes('enable.auto.commit'))).toBe(true);
  expect(problems.every(({ expected }) => expected !== '')).toBe(true);
  // A good one connects only when it has something to do.
  const good = sender({ bootstrapServers, sendTimeoutMs: 500 });
  expect(connections).toBe(0);
  await good.client.send('t', 'a', 1).catch(() => undefined);
  await until(() => connections > 0, 'the first send connects');
  expect(logged.filter(({ level }) => level === 'error' && level.includes('uncaught'))).toEqual([]);
  expect(inject('kafka').bootstrapServers).not.toBe(bootstrapServers);
});
