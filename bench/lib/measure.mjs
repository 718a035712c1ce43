// What a contestant measures of itself.
import { readFileSync } from 'node:fs';

export function cpuUs() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return userCPUTime + systemCPUTime;
}

export function peakRssKb() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);
}

/** Percentiles in microseconds of the first `count` samples. */
export function percentiles(samples, count = samples.length) {
  const sorted = Float64Array.from(samples.subarray(0, count)).sort();
  const at = (share) => Math.round(sorted[Math.min(Math.floor(count * share), count - 1)] ?? 0);
  return {
    samples: count,
    p50Us: at(0.5),
    p90Us: at(0.9),
    p99Us: at(0.99),
    p999Us: at(0.999),
    maxUs: at(1),
  };
}

export const say = (word, body) =>
  process.stdout.write(body ? `${word} ${JSON.stringify(body)}\n` : `${word}\n`);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends the process with the result printed: a contestant that cannot close in time is said so, not waited for. */
export async function leave(close, limitMs = 15_000) {
  const start = performance.now();
  let closed = 'late';
  await Promise.race([
    close().then(
      () => (closed = 'clean'),
      (error) => (closed = String(error?.message ?? error)),
    ),
    sleep(limitMs),
  ]);
  say('CLOSED', { closed, ms: Math.round(performance.now() - start) });
  process.exit(0);
}
