// node run.mjs [row,row] [--on mock,kafka] [--quick] [--bootstrap host:port]; scripts/quality.mjs builds first.
import { parseArgs } from 'node:util';
import * as library from '../../dist/esm/index.js';
import { startKafka } from '../../scripts/kafka.mjs';
import { rows } from './index.mjs';
import { Rig } from './rig.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    on: { type: 'string', default: 'mock,kafka' },
    quick: { type: 'boolean', default: false },
    bootstrap: { type: 'string' },
  },
});

const wanted = positionals.flatMap((text) => text.split(','));
const chosen = rows.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const unknown = wanted.filter((text) => !rows.some(({ name }) => name === text));
if (unknown.length > 0) {
  console.error(`no row is called ${unknown.join(', ')}; there are ${rows.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const silent = () => {};
const loud = (message, metadata) => console.error(message, metadata ?? '');
library.setLogger({ trace: silent, debug: silent, info: silent, warn: silent, error: loud });

const brokers = flags.on.split(',');
const kafka =
  brokers.includes('kafka') && !flags.bootstrap ? await startKafka({ jit: 'full', quiet: true }) : undefined;
const bootstrapServers = flags.bootstrap ?? kafka?.bootstrapServers;

let missed = 0;
try {
  for (const row of chosen) {
    for (const on of brokers.filter((name) => !row.on || row.on.includes(name))) {
      const config = on === 'mock' ? { mock: true, bootstrapServers: `${row.name}:1` } : { bootstrapServers };
      const rig = new Rig(library, on, config, (text) => console.error(text));
      try {
        const figures = await row.run(rig, flags.quick ? row.quick : row.full);
        const met = row.judge(figures);
        missed += met ? 0 : 1;
        console.log(`${met ? 'ok' : 'NO'}  ${row.name} on ${on}: ${row.tell(figures)}`);
        for (const violation of figures.violations ?? []) console.log(`    ${violation}`);
      } catch (error) {
        missed += 1;
        console.log(`NO  ${row.name} on ${on}: ${error.stack}`);
      } finally {
        await rig.close();
      }
    }
  }
} finally {
  await kafka?.stop();
}
process.exitCode = missed > 0 ? 1 : 0;
