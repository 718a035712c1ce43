import { expect, inject, test } from 'vitest';
import { habits } from '../scenario/habits.js';
import { unique } from './support.js';

const place = () => ({
  mock: false,
  bootstrapServers: inject('kafka').bootstrapServers,
  topic: unique('orders'),
});

for (const told of ['constructor', 'environment'] as const) {
  test(`a_program_of_the_old_names_runs_unchanged_on_kafka_told_by_the_${told}`, async () => {
    expect.hasAssertions();
    await habits('standard', told, place());
  });
}
