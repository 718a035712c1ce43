import { expect, it } from 'vitest';
import { type ClientEvent, type ClientEvents, PermanentError, type ProsodyClient } from '../../src/index.js';
import { lines, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

type Told = { [E in ClientEvent]: ClientEvents[E][] };

/** Everything that a client tells. */
function listen(client: ProsodyClient): Told {
  const told: Told = {
    assigned: [],
    revoked: [],
    parked: [],
    deadLettered: [],
    duplicate: [],
    skipped: [],
    stalled: [],
    error: [],
  };
  for (const name of Object.keys(told) as ClientEvent[])
    client.on(name, (event) => told[name].push(event as never));
  return told;
}

it('each_thing_that_happens_is_told_once_with_its_place', async () => {
  const client = mockClient({
    failureTopic: '{topic}.dead',
    allowedEvents: 'order.',
    deferBaseMs: 1,
    deferMaxDelayMs: 5,
  });
  const told = listen(client);
  const ran: string[] = [];
  await client.subscribe({
    onMessage(_context, { payload, attempt }) {
      const { id } = payload as { id: string };
      ran.push(`${id}/${attempt}`);
      if (id === 'bad') throw new PermanentError('never');
      if (id === 'flaky' && attempt === 1) throw new Error('not now');
    },
  });
  const payloads = [
    { id: 'good' },
    { id: 'good' },
    { id: 'other', type: 'payment.made' },
    { id: 'flaky' },
    { id: 'bad' },
    { id: 'last' },
  ];
  const sent = await client.sendMany(payloads.map((payload) => ({ topic: 'topic', key: 'k', payload })));
  await until(() => ran.includes('last/1') && told.deadLettered.length > 0, 'the last message');
  await client.unsubscribe();
  const partition = sent[0]!.ok ? sent[0]!.partition : -1;
  const place = { topic: 'topic', partition, key: 'k' };
  expect(ran).toEqual(['good/1', 'flaky/1', 'flaky/2', 'bad/1', 'last/1']);
  expect(told).toEqual({
    assigned: [{ partitions: [0, 1, 2, 3].map((index) => ({ topic: 'topic', partition: index })) }],
    revoked: [{ partitions: expect.any(Array) as unknown }],
    parked: [{ ...place, offset: 3, reason: 'Error: not now', attempt: 1 }],
    deadLettered: [
      {
        ...place,
        offset: 4,
        reason: expect.stringContaining('never') as string,
        attempts: 1,
        deadLetterTopic: 'topic.dead',
      },
    ],
    duplicate: [{ ...place, offset: 1, reason: 'its id was processed' }],
    skipped: [{ ...place, offset: 2, reason: 'its type is not one of allowedEvents' }],
    stalled: [],
    error: [],
  });
  expect(told.revoked[0]!.partitions).toHaveLength(4);
});

it('a_listener_that_fails_or_leaves_harms_neither_the_others_nor_the_messages', async () => {
  const client = mockClient();
  const heard: string[] = [];
  client
    .on('assigned', () => {
      throw new Error('a listener');
    })
    .on('assigned', () => Promise.reject(new Error('an async listener')))
    .once('assigned', () => heard.push('once'))
    .on('assigned', () => heard.push('on'));
  const gone = (): void => void heard.push('gone');
  client.on('assigned', gone).off('assigned', gone);
  const ran: unknown[] = [];
  const handler = { onMessage: (_: unknown, { payload }: { payload: unknown }) => void ran.push(payload) };
  for (const round of [1, 2]) {
    await client.subscribe(handler);
    await client.send('topic', 'k', round);
    await until(
      () => ran.length === round && heard.filter((who) => who === 'on').length === round,
      'a round',
    );
    await client.unsubscribe();
  }
  expect(heard).toEqual(['once', 'on', 'on']);
  const failed = lines.filter(({ message }) => message === 'a listener of assigned failed');
  expect(failed.map(({ level }) => level)).toEqual(['error', 'error', 'error', 'error']);
});
