import { expect, inject, test } from 'vitest';
import { expected, play } from '../scenario/play.js';
import { playSkips, SKIPS } from '../scenario/skips.js';
import { HISTORIES, KEYLESS, STORY } from '../scenario/steps.js';
import { committed, unique, withKafka } from './support.js';

withKafka();

for (const groupProtocol of ['classic', 'consumer'] as const) {
  test(`the story ends on Kafka as it does on the mock broker: ${groupProtocol} group`, async () => {
    const topic = unique('story');
    const seen = await play(STORY, topic, {
      bootstrapServers: inject('kafka').bootstrapServers,
      sendTimeoutMs: 20_000,
      groupProtocol,
    });
    expect(seen.histories).toEqual(expected(HISTORIES));
    expect(seen.keyless.sort()).toEqual(KEYLESS);
    expect(seen.errors).toEqual([]);
    const offsets = await committed(`${topic}-group`, topic);
    expect(
      new Map([...offsets].filter(([, { offset }]) => offset >= 0).map(([p, { offset }]) => [p, offset])),
    ).toEqual(seen.ends);
  });
}

test('what is not run on Kafka is what is not run on the mock broker', async () => {
  const topic = unique('skips');
  const { bootstrapServers } = inject('kafka');
  expect(await playSkips(topic, { bootstrapServers, sendTimeoutMs: 20_000 })).toEqual(SKIPS);
  const offsets = await committed(`${topic}-group`, topic);
  const ends = [...offsets.values()].reduce((sum, { offset }) => sum + Math.max(offset, 0), 0);
  // Skipped records count as finished like all others.
  expect(ends).toBe(SKIPS.sent);
});
