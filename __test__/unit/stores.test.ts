import { expect, it } from 'vitest';
import { flushTelemetry, shutdownTelemetry, TimerError } from '../../src/index.js';
import { turn } from './fake-native.js';
import { subscribed, withFakeNative } from './support.js';

withFakeNative();

it('each_timer_call_says_that_there_is_no_store_and_fails_the_handler_that_does_not_care', async () => {
  const answers: unknown[] = [];
  const { native } = await subscribed({
    async onMessage(context) {
      const time = new Date();
      const calls = [
        () => context.schedule(time),
        () => context.clearAndSchedule(time),
        () => context.unschedule(time),
        () => context.clearScheduled(),
        () => context.scheduled(),
      ];
      for (const call of calls) answers.push(await call().catch((error: unknown) => error));
      await context.schedule(time);
    },
  });
  native.deliver({ kind: 'message' });
  await turn();
  await turn();
  expect(answers).toHaveLength(5);
  for (const answer of answers) {
    expect(answer).toBeInstanceOf(TimerError);
    expect(answer).toMatchObject({ code: 'NO_STORE' });
  }
  expect(native.outcomes).toMatchObject([{ code: 1 }]);
});

it('there_is_no_telemetry_to_wait_for', async () => {
  expect(await Promise.all([flushTelemetry(), shutdownTelemetry()])).toEqual([undefined, undefined]);
});
