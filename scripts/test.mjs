// Everything that has to hold, from a fresh clone: set-up, builds, checks, tests, a short simulation, a real Kafka.
//
//   npm test                    all steps; a failed one ends the run at once
//   npm test -- --from vitest   go on from a step      npm test -- --only deny,rust   these steps alone
//
// Nothing is skipped: where a service a step needs does not start, the run fails.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildNative, buildTypeScript } from './build.mjs';
import { startKafka } from './kafka.mjs';
import { bin, installPackages, option, root, run } from './lib.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };

const steps = [
  ['setup', 'what this machine needs', () => run(join(root, 'scripts', 'setup'), [])],
  ['packages', 'npm packages of the lock file', installPackages],
  ['deny', 'licences, duplicates and sources of the crates', deny],
  ['format', 'rustfmt', () => run('cargo', ['fmt', '--all', '--check'])],
  ['clippy', 'clippy, pedantic', clippy],
  ['compile', 'the addon and the tests of the crates, dev profile', compile],
  ['rust', 'tests of the crates, house rules and a real Kafka included', rustTests],
  ['simulation', 'a short simulation', simulation],
  ['typescript', 'dist/ as ESM and CommonJS', buildTypeScript],
  ['lint', 'types, eslint, prettier', lint],
  ['vitest', 'unit, bridge and packaging tests', () => vitest(['unit', 'bridge', 'packaging'])],
  ['integration', 'tests against a real Kafka', integration],
];

async function deny() {
  const program = join(root, '.cache', 'tools', 'bin', 'cargo-deny');
  await run(program, ['--workspace', '--all-features', 'check', 'licenses', 'bans', 'sources']);
}

// One set of features for both, so that nothing is compiled twice; this one switches the tests on that need Kafka.
const crates = ['--workspace', '--features', 'prosody-kafka/real-kafka'];

async function clippy() {
  await run('cargo', ['clippy', ...crates, '--all-targets', '--', '-D', 'warnings']);
}

async function rustTests() {
  const { bootstrapServers } = await kafka();
  await run('cargo', ['test', ...crates, '--no-fail-fast'], {
    env: { PROSODY_TEST_BOOTSTRAP: bootstrapServers },
    onLine: countCargo,
  });
}

// Together, for the addon alone would be compiled with other features, and so twice.
async function compile() {
  await buildNative('dev', [...crates, '--lib', '--bins', '--tests']);
}

let started;

/** The Kafka of this run, started by the first step that needs it. */
function kafka() {
  started ??= startKafka({ sasl: 'all', extra: { 'num.partitions': 4 } });
  return started;
}

async function integration() {
  const { dir } = await kafka();
  await vitest(['integration'], { TEST_KAFKA_DIR: dir });
}

function countCargo(line) {
  const found = /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/.exec(line);
  if (!found) return;
  total.passed += Number(found[1]);
  total.failed += Number(found[2]);
  total.skipped += Number(found[3]);
}

async function simulation() {
  await run('cargo', ['run', '--quiet', '-p', 'prosody-sim', '--', '--seconds', '20']);
  // Bugs put in on purpose have to be caught. Apart from the rest, for no addon may be built with them.
  const planted = ['test', '-p', 'prosody-sim', '--features', 'planted-bugs'];
  await run('cargo', planted, { onLine: countCargo });
}

async function lint() {
  await run(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']);
  await run(bin('eslint'), ['.']);
  await run(bin('prettier'), ['--check', '.']);
}

async function vitest(projects, env) {
  const report = join(root, '.cache', `vitest-${projects[0]}.json`);
  rmSync(report, { force: true });
  const chosen = projects.flatMap((name) => ['--project', name]);
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
    await run(bin('vitest'), ['run', ...chosen, ...reporters], { env });
  } finally {
    countVitest(report);
  }
  for (const name of projects) requireTests(report, name);
}

function readReport(report) {
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
}

function countVitest(report) {
  const counts = readReport(report);
  total.passed += counts?.numPassedTests ?? 0;
  total.failed += counts?.numFailedTests ?? 1;
  total.skipped += counts?.numPendingTests ?? 0;
}

// One empty suite beside full ones would pass unseen.
function requireTests(report, name) {
  const ran = readReport(report).testResults.some((file) => file.name.includes(`/__test__/${name}/`));
  if (!ran) throw new Error(`the suite ${name} has no test that ran`);
}

function chosenSteps() {
  const names = steps.map(([name]) => name);
  const only = option('--only')?.split(',');
  const from = option('--from', names[0]);
  for (const name of [...(only ?? []), from]) {
    if (!names.includes(name)) throw new Error(`there is no step ${name}; the steps are ${names.join(', ')}`);
  }
  return steps.filter(([name], index) => (only ? only.includes(name) : index >= names.indexOf(from)));
}

const began = Date.now();
const seconds = (since) => ((Date.now() - since) / 1000).toFixed(1);
const times = [];
for (const [name, what, step] of chosenSteps()) {
  console.log(`\n=== ${name}: ${what}`);
  const since = Date.now();
  try {
    await step();
  } catch (error) {
    console.error(`\n=== ${name} FAILED after ${seconds(since)} s: ${error.message}`);
    process.exitCode = 1;
    break;
  }
  times.push(`${name} ${seconds(since)}`);
  console.log(`=== ${name}: done in ${seconds(since)} s`);
}
if (started) await (await started.catch(() => undefined))?.stop();
console.log(`\nseconds: ${times.join(', ')}; together ${seconds(began)}`);
if (process.exitCode === 1 && total.failed === 0) total.failed = 1;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
