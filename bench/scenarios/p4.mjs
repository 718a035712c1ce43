import { bar, checked, column, cpu, grouped, perSecond, rss } from '../lib/columns.mjs';
import { consumers, prosody } from '../lib/contestants.mjs';
import { find, rounds } from '../lib/rounds.mjs';
import { ratio } from '../lib/stats.mjs';

const KEYS = 4_000;
const SLOTS = [64, 256, 1_024];
const DELAY_MS = 5;
const timers = (slots) => `setTimeout(${DELAY_MS}) alone, ${grouped(slots)} at once`;
const ours = (slots) => `Prosody, maxConcurrency ${grouped(slots)}`;
const FOUR = { run: { partitionsConsumedConcurrently: 4 } };

export const p4 = {
  id: 'P4',
  title: 'A handler that waits 5 ms',
  about:
    '`await` of a 5 ms timer in every handler; 4 partitions × 1,000 keys, order within a key kept by all. Beside each Prosody row ' +
    'runs a bare program of as many loops that only wait for that timer: what the event loop itself gives. Steady rate over a window. ' +
    'Prosody: maxUncommitted 8,192, handler with all three parameters.',
  columns: [perSecond, cpu, rss, column('handlers open at most', (run) => run.mostOpen, grouped), checked],
  brief: (run) => `${Math.round(run.perSecond)}/s`,

  async run(context) {
    const window = { delayMs: DELAY_MS, warmMs: 1_000, runMs: context.time(4_000) };
    const count = 1_200_000; // more than the fastest can finish before the window ends
    const topic = await context.broker.fixture({ count, keys: KEYS });
    const contestants = [
      ...SLOTS.flatMap((slots) => [
        { name: timers(slots), timers: slots, options: { slots } },
        prosody(ours(slots), 3, { maxConcurrency: slots, maxUncommitted: 8_192 }),
      ]),
      { ...consumers.kafkajsMessage, options: { api: 'eachMessage', ...FOUR } },
      { ...consumers.confluent, options: FOUR },
      { ...consumers.platformaticIterate },
    ];
    return rounds(context, contestants, (contestant) => {
      if (contestant.timers)
        return context.contestant('timers.mjs', { slots: contestant.timers, ...window }).result;
      const where = {
        bootstrap: context.bootstrap,
        topic,
        group: context.broker.unique('group'),
        keys: KEYS,
      };
      return context.contestant(contestant.file, {
        work: 'delay',
        ...where,
        ...window,
        options: contestant.options,
      }).result;
    });
  },

  bars: (rows) =>
    SLOTS.map((slots) =>
      bar(
        `maxConcurrency ${grouped(slots)}: ≥ 95 % of the timers alone`,
        ratio(find(rows, ours(slots)), find(rows, timers(slots)), (run) => run.perSecond),
        (value) => value >= 0.95,
      ),
    ),
};
