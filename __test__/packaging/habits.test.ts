import { expect, it } from 'vitest';
import { DIALECTS, habits } from '../scenario/habits.js';

const place = { mock: true, bootstrapServers: 'habits:9092', topic: 'orders' };

it.each(Object.keys(DIALECTS) as (keyof typeof DIALECTS)[])(
  'a_program_of_the_old_names_runs_unchanged_with_%s_decorators_and_options',
  async (dialect) => {
    expect.hasAssertions();
    await habits(dialect, 'constructor', place);
  },
);

it('a_program_of_the_old_names_runs_unchanged_with_the_environment', async () => {
  expect.hasAssertions();
  await habits('standard', 'environment', place);
});
