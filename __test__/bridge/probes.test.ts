import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { lines, mockClient, program, until, withMockBroker } from './support.js';

withMockBroker();

const started = () => lines.find(({ message }) => message.startsWith('probe server on'));

async function get(port: number, path: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: answer.status, body: await answer.text() };
}

it('probes_are_served_from_subscribe_to_unsubscribe', async () => {
  const client = mockClient({ probePort: 0, probeHost: '127.0.0.1' });
  await client.subscribe({ onMessage: () => undefined });
  await client.send('topic', 'key', {});
  await until(() => started() !== undefined && client.assignedPartitionCount > 0, 'a port and a partition');
  const port = started()?.metadata?.['port'] as number;
  await expect.poll(() => get(port, '/readyz')).toEqual({ status: 200, body: 'ready\n' });
  expect(await get(port, '/livez')).toEqual({ status: 200, body: 'live\n' });
  expect((await get(port, '/metrics')).body).toContain('# TYPE prosody_records_admitted_total counter\n');
  await client.unsubscribe();
  await expect(get(port, '/livez')).rejects.toThrow();
});

it('a_mock_client_serves_no_probes_unless_it_names_a_port', async () => {
  const client = mockClient();
  await client.subscribe({ onMessage: () => undefined });
  await client.unsubscribe();
  expect(started()).toBeUndefined();
});

it('a_port_that_is_taken_is_an_error_of_subscribe_and_the_next_one_may_succeed', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const client = mockClient({ probePort: port, probeHost: '127.0.0.1' });
  const subscribe = () => client.subscribe({ onMessage: () => undefined });
  await expect(subscribe()).rejects.toMatchObject({ code: 'PROBE_PORT_TAKEN', retryable: true });
  await new Promise((resolve) => taken.close(resolve));
  await subscribe();
  await client.unsubscribe();
});

it('an_event_loop_that_stands_still_fails_livez_until_it_turns_again', async () => {
  const ended = await program('blocked');
  expect(ended).toMatchObject({ code: 0, signal: null, err: '' });
  expect(ended.out).toMatch(/^live\n+not live\n(.*\n)*live\n+$/);
  expect(ended.out).toContain('the JavaScript event loop is silent');
});
