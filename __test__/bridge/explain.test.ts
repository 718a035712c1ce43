import { expect, it } from 'vitest';
import { type Configuration, ConsumerState, type ProsodyClient, type StalledEvent } from '../../src/index.js';
import { lines, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

const HOUR_MS = 3_600_000;
/** Deferral without chance, and without the gate that closes when nearly everything fails. */
const plain: Configuration = { retryJitter: 'none', deferFailureThreshold: 1 };

async function failing(client: ProsodyClient, fails: (key: string | null) => boolean): Promise<void> {
  await client.subscribe({
    onMessage(_context, { key }) {
      if (fails(key)) throw new Error('not now');
    },
  });
}

function stalls(client: ProsodyClient): StalledEvent[] {
  const told: StalledEvent[] = [];
  client.on('stalled', (event) => told.push(event));
  return told;
}

it('a_client_that_does_not_run_explains_its_state_and_nothing_else', async () => {
  const client = mockClient({ maxConcurrency: 7 });
  const before = client.explain();
  expect(before).toMatchObject({ state: ConsumerState.Configured, busy: false, partitions: [], parked: [] });
  expect(before.budgets).toMatchObject({ maxConcurrency: { used: 0, limit: 7 }, records: 0 });
  await client.subscribe({ onMessage: () => undefined });
  await client.unsubscribe();
  expect(client.explain()).toMatchObject({ state: ConsumerState.Configured, partitions: [] });
  expect(mockClient({ groupId: undefined }).explain().state).toBe(ConsumerState.Unconfigured);
});

it('a_parked_key_shows_its_error_its_attempts_and_its_next_one', async () => {
  const client = mockClient({ ...plain, deferBaseMs: HOUR_MS });
  await failing(client, (key) => key === 'bad');
  const start = Date.now();
  await client.sendMany(
    ['bad', 'good', 'bad'].map((key) => ({ topic: 'topic', key, payload: {}, partition: 2 })),
  );
  await until(() => client.explain().parked[0]?.behind === 1, 'a parked key with a record behind it');
  const { at, state, parked, parkedCount, partitions, budgets } = client.explain();
  expect([state, parkedCount, parked.length, partitions.length]).toEqual([ConsumerState.Running, 1, 1, 4]);
  expect(parked[0]).toMatchObject({
    topic: 'topic',
    partition: 2,
    offset: 0,
    key: 'bad',
    stage: 'parked',
    reason: 'deferred',
    since: null,
    attempts: 1,
    error: 'Error: not now',
  });
  const next = parked[0]?.until?.getTime() ?? NaN;
  expect(next).toBeGreaterThanOrEqual(start + HOUR_MS);
  expect(next).toBeLessThanOrEqual(at.getTime() + HOUR_MS);
  expect(at.getTime() - start).toBeGreaterThanOrEqual(parked[0]?.ageMs ?? NaN);
  const partition = partitions.find(({ partition }) => partition === 2);
  expect(partition).toMatchObject({ firstUnfinished: 0, unfinished: 2, finishedAbove: 1, held: null });
  expect({ topic: 'topic', partition: 2, ...partition?.blocking }).toEqual(parked[0]);
  expect(budgets).toMatchObject({ keys: 1, records: 2, maxConcurrency: { used: 0, limit: 32 } });
  expect(client.isStalled).toBe(false);
});

it('an_explanation_survives_json', async () => {
  const client = mockClient({ ...plain, deferBaseMs: HOUR_MS });
  await failing(client, () => true);
  await client.send('topic', 'bad', {});
  await until(() => client.explain().parkedCount === 1, 'a parked key');
  const explanation = client.explain();
  const read = JSON.parse(JSON.stringify(explanation)) as { at: string; parked: { until: string }[] };
  expect(read.at).toBe(explanation.at.toISOString());
  expect(read.parked[0]?.until).toBe(explanation.parked[0]?.until?.toISOString());
});

it('a_handler_asks_what_holds_its_own_message', async () => {
  const client = mockClient();
  let seen: unknown;
  await client.subscribe({
    onMessage() {
      seen = client.explain().partitions.find(({ blocking }) => blocking)?.blocking;
    },
  });
  await client.send('topic', 'key', {});
  await until(() => seen !== undefined, 'a call');
  expect(seen).toMatchObject({ offset: 0, key: 'key', stage: 'running', attempts: 1, error: null });
  expect((seen as { since: Date }).since).toBeInstanceOf(Date);
});

it('parked_keys_that_fill_the_completion_map_hold_their_partition_and_the_bound_is_named', async () => {
  const client = mockClient({ ...plain, deferBaseMs: HOUR_MS, maxConcurrency: 1024, maxUncommitted: 8192 });
  const told = stalls(client);
  await failing(client, (key) => key !== 'good');
  // One bit of 4,096 units of fifteen for each record that is not finished.
  for (let batch = 0; batch < 31; batch++) {
    const keys = Array.from({ length: 2_000 }, (_, at) => `${batch}/${at}`);
    await client.sendMany(keys.map((key) => ({ topic: 'topic', key, payload: 0, partition: 0 })));
  }
  await until(() => told.length > 0, 'the event', 60_000);
  const { partitions, parked, parkedCount } = client.explain();
  const partition = partitions.find(({ partition }) => partition === 0);
  const map = { used: 4096, limit: 4096 };
  expect(partition).toMatchObject({ held: { bound: 'completionMap', ...map }, completionMap: map });
  expect(partition?.backlog).toBeGreaterThan(0);
  expect([parked.length, parkedCount]).toEqual([100, partition?.unfinished]);
  expect(parked.map(({ ageMs }) => ageMs)).toEqual(
    parked.map(({ ageMs }) => ageMs).toSorted((a, b) => b - a),
  );
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    topic: 'topic',
    partition: 0,
    bound: 'completionMap',
    ...map,
    firstUnfinished: 0,
  });
  expect(told[0]?.reason).toBe('completionMap is used up (4096 of 4096) by records that wait');
  expect(client.isStalled).toBe(true);
  // The other partitions go on.
  await client.sendMany([{ topic: 'topic', key: 'good', payload: 0, partition: 1 }]);
  const moved = () =>
    client.explain().partitions.find(({ partition }) => partition === 1)?.firstUnfinished === 1;
  await until(moved, 'a message of another partition');
}, 90_000);

it('parked_keys_that_fill_the_bytes_hold_the_client_until_they_are_done', async () => {
  const client = mockClient({ ...plain, deferBaseMs: 500, maxBufferedBytes: 1 << 20 });
  const told = stalls(client);
  let down = true;
  await failing(client, () => down);
  // Values are given up and read again; keys stay.
  const long = 'x'.repeat(20_000);
  await client.sendMany(
    Array.from({ length: 80 }, (_, at) => ({
      topic: 'topic',
      key: `${at} ${long}`,
      payload: 0,
      partition: at % 4,
    })),
  );
  await until(() => client.isStalled && told.length > 0, 'the event');
  const bounds = client.explain().partitions.map(({ held }) => held?.bound);
  expect(bounds).toEqual(Array(4).fill('maxBufferedBytes'));
  expect(told[0]).toMatchObject({ bound: 'maxBufferedBytes', limit: 1 << 20 });
  expect(told[0]?.used).toBeGreaterThanOrEqual(1 << 20);
  down = false;
  const done = () => {
    const { parkedCount, budgets, partitions } = client.explain();
    const finished = partitions.reduce((sum, { firstUnfinished }) => sum + (firstUnfinished ?? 0), 0);
    return parkedCount === 0 && budgets.records === 0 && finished === 80;
  };
  await until(done, 'all of them', 30_000);
  await until(() => !client.isStalled, 'no stall');
  await until(() => lines.some(({ message }) => message.includes('moves again')), 'a line that says so');
}, 60_000);

it('a_call_that_does_not_end_stalls_its_partition_though_others_go_on', async () => {
  const client = mockClient({ stallThresholdMs: 400 });
  const told = stalls(client);
  let release: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => (release = resolve));
  await client.subscribe({
    onMessage: (_context, { key }) => (key === 'stuck' ? stuck : undefined),
  });
  await client.sendMany([{ topic: 'topic', key: 'stuck', payload: 0, partition: 3 }]);
  const others = setInterval(() => {
    void client.sendMany([{ topic: 'topic', key: 'other', payload: 0, partition: 1 }]);
  }, 50);
  await until(() => told.length > 0, 'the event');
  clearInterval(others);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ partition: 3, bound: null, used: null, firstUnfinished: 0, unfinished: 1 });
  expect(client.isStalled).toBe(true);
  release();
  await until(() => !client.isStalled, 'progress');
});

async function port(config: Configuration): Promise<{ client: ProsodyClient; url: string }> {
  const client = mockClient({ ...plain, ...config, probePort: 0, probeHost: '127.0.0.1' });
  await failing(client, () => true);
  const started = () => lines.find(({ message }) => message.startsWith('probe server on'));
  await until(() => started() !== undefined, 'a port');
  return { client, url: `http://127.0.0.1:${String(started()?.metadata?.['port'])}/explain` };
}

it('the_probe_server_explains_when_it_is_told_to', async () => {
  const { client, url } = await port({ probeExplain: true, deferBaseMs: HOUR_MS });
  await client.send('topic', 'bad', {});
  await until(() => client.explain().parkedCount === 1, 'a parked key');
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  const { clients } = (await answer.json()) as {
    clients: { group: string; explanation: { parked: { until: string }[] } }[];
  };
  expect(clients).toHaveLength(1);
  const { partitions, parked } = client.explain();
  const steady = ({ partition, firstUnfinished }: (typeof partitions)[number]) => ({
    partition,
    firstUnfinished,
  });
  expect(clients[0]).toMatchObject({
    group: 'group',
    explanation: {
      state: 'running',
      busy: false,
      partitions: partitions.map(steady),
      parked: [{ key: 'bad', error: 'Error: not now' }],
    },
  });
  // Two answers, two readings of the wall clock, which ticks in milliseconds.
  const served = Date.parse(clients[0]?.explanation.parked[0]?.until ?? '');
  expect(Math.abs(served - (parked[0]?.until?.getTime() ?? NaN))).toBeLessThan(50);
});

it('the_probe_server_does_not_explain_unless_it_is_told_to', async () => {
  const { url } = await port({});
  const answer = await fetch(url);
  expect([answer.status, await answer.text()]).toEqual([
    404,
    'nothing is here; there are /readyz, /livez, /metrics\n',
  ]);
});
