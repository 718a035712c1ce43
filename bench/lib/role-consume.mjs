// The handler of every consuming contestant, by kind of work, and what is measured around it.
//
//   count     an asynchronous no-op that reads the key and the length of the value
//   delay     5 ms of waiting; the steady rate in a window is the figure
//   live      the age of each record when its handler starts
//   hindered  `live`, while one key's handler takes 3 s and another key's fails for ever
//   behind    one record takes 3 s; the figure is what else is done meanwhile
//   stuck     handlers that do not return for a time; the figure is memory
//
// `handle` returns undefined where there is nothing to wait for: the same for all, so that none pays for a promise
// that another does not have.
import { cpuUs, peakRssKb, percentiles, say, sleep } from './measure.mjs';
import { Check, keyNumber, nowUs, sentAt } from './record.mjs';

export const config = JSON.parse(process.argv[2] ?? '{}');

export function consumeRole() {
  const check = new Check(config.keys);
  let resolve;
  const finished = new Promise((settle) => (resolve = settle));
  const cpu = cpuUs();
  const start = nowUs();
  let first = 0;
  let joined = 0;
  const finish = (extra) => {
    const end = nowUs();
    // From the assignment, or the first call if that came before it was seen: a client that fetches and decodes a
    // great deal before its first call does that work on the clock.
    const us = end - Math.min(first, joined || first);
    resolve({
      count: check.seen,
      seconds: us / 1e6,
      perSecond: (check.seen * 1e6) / us,
      startMs: (first - start) / 1e3,
      cpuUs: cpuUs() - cpu,
      violations: check.violations,
      ...extra,
      peakRssKb: peakRssKb(),
    });
  };
  const begin = () => (first = first || nowUs());
  const handle = works[config.work]({ check, begin, finish });
  setTimeout(() => finish({ late: true }), config.limitMs ?? 60_000).unref();
  const ready = () => {
    joined = joined || nowUs();
    say('READY');
  };
  return { handle, ready, finished: finished.then((result) => say('RESULT', result)) };
}

const works = {
  count({ check, begin, finish }) {
    const { count } = config;
    let bytes = 0;
    return (key, value) => {
      if (check.seen === 0) begin();
      check.see(keyNumber(key), value);
      bytes += key.length + value.length;
      if (check.seen === count) finish({ bytes });
      return undefined;
    };
  },

  delay({ check, begin, finish }) {
    const { delayMs, warmMs, runMs } = config;
    const busy = new Uint8Array(config.keys);
    let open = 0;
    let mostOpen = 0;
    let done = 0;
    let overlaps = 0;
    let base;
    return async (key, value) => {
      const number = keyNumber(key);
      if (check.seen === 0) {
        begin();
        setTimeout(() => (base = { done, at: nowUs() }), warmMs);
        setTimeout(() => {
          const us = nowUs() - base.at;
          finish({ perSecond: ((done - base.done) * 1e6) / us, count: done, mostOpen, overlaps });
        }, warmMs + runMs);
      }
      check.see(number, value);
      if (busy[number]++) overlaps++;
      mostOpen = Math.max(mostOpen, ++open);
      await sleep(delayMs);
      busy[number]--;
      open--;
      done++;
    };
  },

  live({ check, begin, finish }) {
    return live({ check, begin, finish }, () => undefined);
  },

  hindered({ check, begin, finish }) {
    const { slowKey, failKey } = config;
    let attempts = 0;
    const counted = (extra) => finish({ ...extra, failedAttempts: attempts });
    return live({ check, begin, finish: counted }, (number) => {
      if (number === slowKey) return sleep(3_000);
      if (number !== failKey) return undefined;
      attempts++;
      throw new Error('this key fails for ever');
    });
  },

  behind({ check, begin, finish }) {
    const { slowKey, slowMs, windowMs } = config;
    let others = -1;
    return (key, value) => {
      const number = keyNumber(key);
      check.see(number, value);
      if (others >= 0) others++;
      if (others >= 0 || number !== slowKey) return undefined;
      begin();
      others = 0;
      setTimeout(() => finish({ behind: others }), windowMs);
      return sleep(slowMs);
    };
  },

  stuck({ check, begin, finish }) {
    const { stuckMs } = config;
    let open = 0;
    return (key, value) => {
      if (check.seen === 0) {
        begin();
        setTimeout(() => finish({ open }), stuckMs);
      }
      check.see(keyNumber(key), value);
      open++;
      return sleep(stuckMs * 10);
    };
  },
};

/** `special` answers for a key of its own: undefined for the others, whose latencies count. */
function live({ check, begin, finish }, special) {
  const { count, warmMs = 0, slowKey = -1, failKey = -1 } = config;
  const samples = new Uint32Array(count);
  let taken = 0;
  let from = 0;
  return (key, value) => {
    const now = nowUs();
    const sent = sentAt(value);
    if (from === 0) {
      begin();
      from = sent + warmMs * 1000;
    }
    const number = keyNumber(key);
    if (number === slowKey || number === failKey) return special(number);
    check.see(number, value);
    if (sent >= from) samples[taken++] = Math.max(now - sent, 0);
    if (check.seen === count) finish(percentiles(samples, taken));
    return undefined;
  };
}
