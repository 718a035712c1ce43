// 64 messages of 10 MB each and slow handlers: resident memory stays under the formula.
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median, sent, spread } from '../rig.mjs';

export const name = 'large';
export const title = '64 messages of 10 MB';
/** In the mock broker the records themselves are in the process. */
export const on = ['kafka'];

export const quick = { messages: 64, handlerMs: 20, runs: 1, budgets: [64] };
export const full = { messages: 64, handlerMs: 200, runs: 3, budgets: [64, 256] };

const MIB = 1 << 20;
const SIZE = 10_000_000;
const PARTITIONS = 4;
const PROGRAM = fileURLToPath(new URL('../large-program.mjs', import.meta.url));

/** Design: base + 1.2 × (`maxBufferedBytes` + partitions × about 1 MiB + `fetch.max.bytes`). */
function formula(base, budget) {
  const prefetch = Math.min(Math.max(budget / 16, 1 / 16), 1);
  const fetch = Math.min(Math.max(prefetch * 8, 1), 16);
  return base + 1.2 * (budget + PARTITIONS * prefetch + fetch);
}

export async function run(rig, { messages, handlerMs, runs, budgets }) {
  const large = await make(rig, messages, SIZE);
  const small = await make(rig, messages, 100);
  const results = [];
  const violations = [];
  for (const budget of budgets) {
    const peaks = [];
    const bases = [];
    for (let round = 0; round < runs; round += 1) {
      for (const [topic, size, to] of [
        [small, 100, bases],
        [large, SIZE, peaks],
      ]) {
        const { peakMiB, bytes, seen } = await consume(rig, topic, messages, handlerMs, budget);
        to.push(peakMiB);
        if (seen !== messages || bytes < messages * size)
          violations.push(`${seen} messages, ${bytes} bytes`);
      }
    }
    results.push({ budget, peaks, bases, allowed: formula(median(bases), budget) });
  }
  return { messages, results, violations };
}

async function make(rig, count, size) {
  const topic = `${name}-${randomUUID().slice(0, 8)}`;
  const { Kafka, logLevel } = await import('kafkajs');
  const brokers = rig.config.bootstrapServers.split(',');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(2 * SIZE) }];
  const entry = { topic, numPartitions: PARTITIONS, replicationFactor: 1, configEntries };
  await admin.createTopics({ topics: [entry], waitForLeaders: false });
  await admin.disconnect();
  const sender = rig.sender();
  for (let index = 0; index < count; index += 1) {
    // Random, so that nothing is gained by compression.
    const record = { topic, key: `k${index}`, payload: randomBytes(size), partition: index % PARTITIONS };
    sent(await sender.sendMany([record]));
  }
  await rig.end(sender);
  return topic;
}

async function consume(rig, topic, count, handlerMs, budget) {
  const config = {
    ...rig.config,
    groupId: `${topic}-${randomUUID().slice(0, 8)}`,
    subscribedTopics: topic,
    probePort: null,
    maxBufferedBytes: budget * MIB,
  };
  const argument = JSON.stringify({ config, count, handlerMs });
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, argument], { timeout: 180_000 });
  return JSON.parse(stdout);
}

export function judge({ results, violations }) {
  return violations.length === 0 && results.every(({ peaks, allowed }) => Math.max(...peaks) <= allowed);
}

export function tell({ messages, results, violations }) {
  const one = ({ budget, peaks, bases, allowed }) =>
    `with ${budget} MiB of maxBufferedBytes peak ${spread(peaks, 0)} MiB, formula ${allowed.toFixed(0)} on a base of ${spread(bases, 0)}`;
  return `${messages} × 10 MB: ${results.map(one).join('; ')}; ${violations.length} violations`;
}
