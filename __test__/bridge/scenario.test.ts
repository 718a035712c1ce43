import { beforeEach, expect, test } from 'vitest';
import { setLogger } from '../../src/index.js';
import { expected, play } from '../scenario/play.js';
import { playSkips, SKIPS } from '../scenario/skips.js';
import { HISTORIES, KEYLESS, STORY } from '../scenario/steps.js';

beforeEach(() => {
  const quiet = (): void => undefined;
  setLogger({ trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet });
});

test('the story on the mock broker', async () => {
  const seen = await play(STORY, 'story', { mock: true, bootstrapServers: 'story:1' });
  expect(seen.histories).toEqual(expected(HISTORIES));
  expect(seen.keyless.sort()).toEqual(KEYLESS);
  expect(seen.errors).toEqual([]);
});

test('what is not run on the mock broker', async () => {
  expect(await playSkips('skips', { mock: true, bootstrapServers: 'skips:1' })).toEqual(SKIPS);
});
