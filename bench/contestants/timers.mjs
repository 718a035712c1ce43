// What the event loop itself gives: N loops that do nothing but wait `delayMs`. No client can be faster than this.
import { cpuUs, peakRssKb, say, sleep } from '../lib/measure.mjs';
import { nowUs } from '../lib/record.mjs';

const { slots, delayMs, warmMs, runMs } = JSON.parse(process.argv[2]);
let done = 0;
const loop = async () => {
  for (;;) {
    await sleep(delayMs);
    done++;
  }
};
for (let slot = 0; slot < slots; slot++) void loop();
await sleep(warmMs);
const base = { done, at: nowUs(), cpu: cpuUs() };
await sleep(runMs);
const us = nowUs() - base.at;
const count = done - base.done;
say('RESULT', { count, perSecond: (count * 1e6) / us, cpuUs: cpuUs() - base.cpu, peakRssKb: peakRssKb() });
process.exit(0);
