// docs/performance.md, written whole from bench/results/*.json: the tables are never edited by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { scenarios } from '../scenarios/index.mjs';

const results = new URL('../results/', import.meta.url);
const target = new URL('../../docs/performance.md', import.meta.url);

const line = (cells) => `| ${cells.join(' | ')} |`;

function table(scenario, rows) {
  const { columns } = scenario;
  return [
    line(['', ...columns.map(({ title }) => title)]),
    line(['---', ...columns.map(() => '---:')]),
    ...rows.map((row) =>
      line([row.ours ? `**${row.name}**` : row.name, ...columns.map((column) => column.cell(row, rows))]),
    ),
  ].join('\n');
}

function bars(scenario, rows) {
  const list = scenario.bars(rows);
  if (list.length === 0) return '';
  const word = ({ met }) => (met === undefined ? '–' : met ? 'yes' : '**no**');
  return [
    line(['bar', 'measured', 'reached']),
    line(['---', '---:', '---']),
    ...list.map((bar) => line([bar.text, bar.measured, word(bar)])),
  ].join('\n');
}

function options(rows) {
  const list = rows.filter((row) => row.options && Object.keys(row.options).length > 0);
  if (list.length === 0) return '';
  const text = list.map((row) => `${row.name} \`${JSON.stringify(row.options)}\``);
  return `\nSettings, where not the defaults: ${text.join('; ')}.\n`;
}

function section(scenario, { rows, runs, machine }) {
  const shown = rows.filter((row) => row.runs.some((run) => !run.error));
  const failed = rows.filter((row) => !shown.includes(row));
  const missing = failed.map((row) => `${row.name} (${row.runs[0]?.error ?? 'did not run'})`);
  return `## ${scenario.id}. ${scenario.title}

${scenario.about}

${table(scenario, shown)}

${bars(scenario, shown)}
${options(shown)}
${missing.length ? `Not measured: ${missing.join('; ')}.\n\n` : ''}Runs of each: ${runs}. ${machine.date}, commit ${machine.commit ?? 'unknown'}, Node ${machine.node.slice(1)}, ${machine.broker}.
`;
}

export function readResult(id, folder = results) {
  const file = new URL(`${id}.json`, folder);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

export function document(folder = results) {
  const measured = scenarios
    .map((scenario) => [scenario, readResult(scenario.id, folder)])
    .filter(([, result]) => result);
  if (measured.length === 0) return undefined;
  const { machine } = measured[0][1];
  const peers = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `# Performance

<!-- Written by \`npm run bench\`; do not edit. -->

Prosody beside other Kafka clients for Node.js and beside librdkafka with nothing around it, on one machine that also runs the broker:
${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}. ${peers.join(', ')}.

How to read it: every run is a process of its own, the contestants take turns, and each cell is the median with the lowest and highest run.
Ratios are taken within a round. Absolute figures belong to this machine; the ratios are what carries over. Every run checks that each
key's records came once each and in order, and sends are read back from the broker. Peers run with the settings at which they were fastest
here, their defaults beside them where these differ. "Aim" is what we want; the other bars are what must hold.

To repeat it: \`npm run bench\` (all), \`npm run bench -- --only P1,P8 --runs 5\`; \`bench/README.md\` has the rest.

${measured.map(([scenario, result]) => section(scenario, result)).join('\n')}`;
}

export function report() {
  const text = document();
  if (text) writeFileSync(target, text);
  return text !== undefined;
}
