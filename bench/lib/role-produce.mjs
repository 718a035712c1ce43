// The three ways of sending that are measured; a contestant gives `one(record)` and `many(records)`.
import { cpuUs, leave, peakRssKb, percentiles, say, sleep } from './measure.mjs';
import { nowUs, Records } from './record.mjs';

export const config = JSON.parse(process.argv[2] ?? '{}');

/** `many` resolves with the number of records that were acknowledged. */
export async function produceRole({ connect, one, many, close }) {
  await connect();
  const result = await works[config.work]({ one, many, records: new Records(config.keys, config.bytes) });
  say('RESULT', { ...result, peakRssKb: peakRssKb() });
  await leave(close);
}

const works = {
  /** One record at a time, each waited for. */
  async awaited({ one, records }) {
    const { count, warm } = config;
    const samples = new Float64Array(count);
    let failed = 0;
    let cpu = 0;
    for (let sent = -warm; sent < count; sent++) {
      if (sent === 0) cpu = cpuUs();
      const record = records.next();
      const start = nowUs();
      await one(record).catch(() => failed++);
      if (sent >= 0) samples[sent] = nowUs() - start;
    }
    return { count, cpuUs: cpuUs() - cpu, acked: warm + count - failed, failed, ...percentiles(samples) };
  },

  /** `window` loops, each waiting for its own single sends. */
  flight({ one, records }) {
    return steady(config.window, 1, async () => {
      await one(records.next());
      return 1;
    });
  },

  /** `window` loops, each waiting for its own calls of `batch` records. */
  batches({ many, records }) {
    return steady(config.window, config.batch, () =>
      many(Array.from({ length: config.batch }, () => records.next())),
    );
  },
};

async function steady(loops, size, call) {
  let acked = 0;
  let failed = 0;
  let running = true;
  let firstError;
  const loop = async () => {
    while (running) {
      try {
        const ok = await call();
        acked += ok;
        failed += size - ok;
      } catch (error) {
        failed += size;
        firstError ??= String(error?.message ?? error);
      }
    }
  };
  const all = Array.from({ length: loops }, loop);
  await sleep(config.warmMs);
  const base = { acked, cpu: cpuUs(), at: nowUs() };
  await sleep(config.runMs);
  const us = nowUs() - base.at;
  const count = acked - base.acked;
  const cpu = cpuUs() - base.cpu;
  running = false;
  await Promise.all(all);
  return { count, seconds: us / 1e6, perSecond: (count * 1e6) / us, cpuUs: cpu, acked, failed, firstError };
}
