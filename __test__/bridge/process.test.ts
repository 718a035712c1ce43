import { describe, expect, it } from 'vitest';
import { type Ended, FAULTS, program, programs } from './support.js';

function expectClean({ err }: Ended): void {
  expect(err).not.toMatch(FAULTS);
  expect(err).toBe('');
}

describe('process.exit in a handler', () => {
  it('ends_with_the_code_that_was_asked_for_twenty_times', async () => {
    const ended = await programs(20, (round) =>
      program('exit-in-handler', [round % 4 === 0 ? 0 : round, 1 + round * 97]),
    );
    expect(ended.map(({ code, signal }) => signal ?? code)).toEqual(
      ended.map((_, round) => (round % 4 === 0 ? 0 : round)),
    );
    ended.forEach(expectClean);
  }, 120_000);
});

describe('a worker', () => {
  it('may_be_terminated_while_its_handlers_run_twenty_times', async () => {
    const ended = await program('terminate', [20], { limitMs: 110_000 });
    expect(ended).toMatchObject({ code: 0, signal: null, out: '20 terminated, 20 handled\n' });
    expectClean(ended);
  }, 120_000);

  it('has_a_mock_broker_of_its_own_beside_another_worker_and_the_main_thread', async () => {
    const ended = await program('twice', ['workers']);
    expect(ended).toMatchObject({ code: 0, signal: null, out: 'workers: 3 exchanged, 0 foreign\n' });
    expectClean(ended);
  });
});

it('two_copies_of_the_addon_run_in_one_process', async () => {
  const ended = await program('twice', ['copies']);
  expect(ended).toMatchObject({ code: 0, signal: null, out: 'copies: 2 ran, 0 foreign\n' });
  expectClean(ended);
});

describe('a busy process', () => {
  it('ends_with_1_after_an_uncaught_throw', async () => {
    const { code, signal, err } = await program('ends-by', ['throw']);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(err).toContain('thrown outside');
    expect(err).not.toMatch(/panicked|FATAL/);
  });

  it('ends_with_1_after_an_unhandled_rejection', async () => {
    const { code, signal, err } = await program('ends-by', ['rejection']);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(err).toContain('detached');
    expect(err).not.toMatch(/panicked|FATAL/);
  });

  it('ends_by_SIGTERM', async () => {
    const ended = await program('ends-by', ['signal'], { signal: 'SIGTERM' });
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expectClean(ended);
  });

  it('ends_by_SIGINT', async () => {
    expect(await program('ends-by', ['signal'], { signal: 'SIGINT' })).toMatchObject({ signal: 'SIGINT' });
  });
});

describe('Node ends by itself', () => {
  it.each(['producer', 'producer-unawaited', 'admin', 'idle', 'failed-subscribe', 'unsubscribed'])(
    '%s',
    async (what) => {
      const ended = await program('natural-end', [what], { limitMs: 10_000 });
      expect(ended).toMatchObject({ code: 0, signal: null });
      if (what === 'producer-unawaited') expect(ended.out).toContain('acknowledged');
      expectClean(ended);
    },
  );

  it('once_a_running_consumer_has_been_unsubscribed_and_not_before', async () => {
    const ended = await program('natural-end', ['consumer'], { limitFromReadyMs: 1_000 });
    expect(ended).toMatchObject({ out: 'ready\n', signal: 'SIGKILL' });
    const later = await program('natural-end', ['later'], { limitMs: 10_000 });
    expect(later).toMatchObject({ code: 0, signal: null, out: 'ready\nhandled\n' });
  });
});

it('closed_clients_are_given_back_to_the_collector', async () => {
  const ended = await program('collected', [50], { nodeArgs: ['--expose-gc'] });
  expect(ended).toMatchObject({ code: 0, signal: null, out: '50 of 50 gone\n' });
  expectClean(ended);
});
