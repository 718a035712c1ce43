import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { ConfigurationError, Mode } from '../../src/index.js';
import { modes } from '../scenario/modes.js';
import { lines, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

modes(
  () => ({ mock: true, bootstrapServers: 'modes:1' }),
  (name) => `${name}-${randomUUID()}`,
);

it('low_latency_without_a_failure_topic_is_refused_at_construction', () => {
  const refused = (): unknown => mockClient({ mode: Mode.LowLatency });
  expect(refused).toThrow(ConfigurationError);
  expect(refused).toThrow(/failureTopic/);
});

it('what_is_given_up_without_a_failure_topic_is_logged_with_its_position', async () => {
  const client = mockClient({ mode: Mode.BestEffort });
  await client.subscribe({
    onMessage() {
      throw new Error('not now');
    },
  });
  await client.send('topic', 'key', 1);
  const given = (): typeof lines =>
    lines.filter(({ message }) => message.startsWith('a record failed for good'));
  await until(() => given().length > 0, 'a line');
  expect(given()[0]).toMatchObject({
    level: 'error',
    metadata: { topic: 'topic', offset: 0, attempts: 1, error: 'Error: not now' },
  });
});
