import { expect, it } from 'vitest';
import { type DeadLetteredEvent, type Message, PermanentError } from '../../src/index.js';
import { mockClient, until, withMockBroker } from './support.js';

withMockBroker();

it('what_a_middleware_makes_of_a_failure_is_what_counts', async () => {
  const client = mockClient({ failureTopic: 'dead', deferBaseMs: 1, deferMaxDelayMs: 5 });
  const letters: DeadLetteredEvent[] = [];
  client.on('deadLettered', (event) => letters.push(event));
  const seen: string[] = [];
  client
    .use((next) => async (context, event, signal) => {
      const { payload, attempt } = event as Message;
      seen.push(`${String(payload)}/${attempt}`);
      if (payload === 'refused') throw new PermanentError('not even tried');
      try {
        await next(context, event, signal);
      } catch (error) {
        if (payload === 'hopeless') throw new PermanentError('as the middleware sees it', { cause: error });
        if (payload !== 'harmless') throw error;
      }
    })
    // Without `await`, and without the signal.
    .use((next) => (context, event, signal) => next(context, event, signal));
  const handled: string[] = [];
  await client.subscribe({
    onMessage(_context, { payload, attempt }) {
      handled.push(`${String(payload)}/${attempt}`);
      if (payload === 'good') return;
      if (payload === 'flaky' && attempt > 1) return;
      throw new Error('from the handler');
    },
  });
  const payloads = ['harmless', 'hopeless', 'flaky', 'refused', 'good'];
  await client.sendMany(payloads.map((payload) => ({ topic: 'topic', key: 'k', payload })));
  await until(() => handled.includes('good/1') && letters.length === 2, 'the last message');
  expect(seen).toEqual(['harmless/1', 'hopeless/1', 'flaky/1', 'flaky/2', 'refused/1', 'good/1']);
  expect(handled).toEqual(['harmless/1', 'hopeless/1', 'flaky/1', 'flaky/2', 'good/1']);
  expect(letters.map(({ offset, reason }) => [offset, reason])).toEqual([
    [1, expect.stringContaining('as the middleware sees it')],
    [3, expect.stringContaining('not even tried')],
  ]);
});

it('one_that_is_added_while_the_client_runs_counts_from_the_next_subscribe_on', async () => {
  const client = mockClient();
  const seen: string[] = [];
  const handler = {
    onMessage: (_: unknown, { payload }: Message) => void seen.push(`handler ${String(payload)}`),
  };
  await client.subscribe(handler);
  client.use((next) => (context, event, signal) => {
    seen.push('middleware');
    return next(context, event, signal);
  });
  await client.send('topic', 'k', 1);
  await until(() => seen.includes('handler 1'), 'the first message');
  await client.unsubscribe();
  await client.subscribe(handler);
  await client.send('topic', 'k', 2);
  await until(() => seen.includes('handler 2'), 'the second message');
  expect(seen).toEqual(['handler 1', 'middleware', 'handler 2']);
});

it('the_signal_that_a_middleware_hands_on_is_the_one_the_handler_gets', async () => {
  const client = mockClient({ timeoutMs: 50, stallThresholdMs: 1_000 });
  const reasons: unknown[] = [];
  client.use((next) => (context, event, signal) => {
    const both = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
    return next(context, event, both);
  });
  await client.subscribe({
    async onMessage(context, { attempt }, signal) {
      if (attempt > 1) return;
      await context.onCancel();
      reasons.push(signal.aborted, (signal.reason as Error).name);
    },
  });
  await client.send('topic', 'k', 1);
  await until(() => reasons.length === 2, 'the deadline');
  expect(reasons).toEqual([true, 'TimeoutError']);
});
