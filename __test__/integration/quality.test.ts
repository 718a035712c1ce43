import { expect, inject, test } from 'vitest';
import { Rig } from '../../bench/quality/rig.mjs';
import * as large from '../../bench/quality/rows/large.mjs';
import * as library from '../../src/index.js';
import { quality } from '../scenario/quality.js';
import { withKafka } from './support.js';

withKafka();

quality('kafka', () => ({ bootstrapServers: inject('kafka').bootstrapServers }));

test('a_backlog_of_large_messages_is_not_held_in_memory', async () => {
  const { bootstrapServers } = inject('kafka');
  const rig = new Rig(library, 'kafka', { bootstrapServers });
  try {
    const figures = await large.run(rig, large.quick);
    console.log(large.tell(figures));
    expect(figures.violations).toEqual([]);
    // PENDING: the formula itself, see bench/quality/README.md; all of the backlog would be nine times as much.
    const { peaks, allowed } = figures.results[0]!;
    expect(peaks[0]).toBeLessThan(3 * allowed);
  } finally {
    await rig.close();
  }
});
