// What the figures were taken on.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

const version = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;

export function machine(node, broker) {
  const commit = () => execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: attempt(commit),
    cpu: os.cpus()[0]?.model,
    cores: os.cpus().length,
    memoryGb: Math.round(os.totalmem() / 1e9),
    kernel: os.release(),
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    broker,
    versions: {
      kafkajs: version('kafkajs'),
      '@confluentinc/kafka-javascript': version('@confluentinc/kafka-javascript'),
      '@platformatic/kafka': version('@platformatic/kafka'),
    },
  };
}

function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}
