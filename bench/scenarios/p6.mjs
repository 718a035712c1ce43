import { bar, checked, column, grouped, p50, p99, rss } from '../lib/columns.mjs';
import { prosody } from '../lib/contestants.mjs';
import { find } from '../lib/rounds.mjs';
import { spread } from '../lib/stats.mjs';

const KEYS = 4_000;
const SLOW = 1; // partition 1
const FAILING = 2; // partition 2
const WIDE = { maxConcurrency: 1_024, maxUncommitted: 8_192 };
const CLEAN = 'Prosody, all keys well';
const HINDERED = 'Prosody, one key slow, one failing for ever';

/** Reads live what the bare producer sends at `rate` (0: as fast as it can). */
async function live(context, { rate, seconds, count, hindered, warmMs }) {
  const topic = await context.broker.fresh('p6');
  const common = { bootstrap: context.bootstrap, topic, keys: KEYS };
  const special = hindered ? { work: 'hindered', slowKey: SLOW, failKey: FAILING } : { work: 'live' };
  const others = hindered ? count - 2 * Math.ceil(count / KEYS) : count;
  const exact = count % KEYS === 0;
  if (!exact) throw new Error('the count must be the same for every key');
  const { file, options } = prosody('', 3, WIDE);
  const limitMs = seconds * 1_000 + 60_000;
  const reading = context.contestant(
    file,
    { ...common, ...special, group: context.broker.unique('group'), count: others, warmMs, options, limitMs },
    limitMs + 60_000,
  );
  await reading.ready;
  const sending = context.ceiling('produce', { ...common, count, rate, kafka: { 'linger.ms': 1 } }, limitMs);
  const [run, sent] = await Promise.all([reading.result, sending.result]);
  await context.broker.drop(topic);
  return { ...run, lost: run.error ? undefined : others - run.count, sentPerSecond: sent.perSecond };
}

const whole = (count) => Math.max(1, Math.round(count / KEYS)) * KEYS;

export const p6 = {
  id: 'P6',
  title: 'One slow key and one failing key beside the others',
  about:
    "Half of what one process takes live (measured first: bare producer, broker and Prosody on this machine's cores together). " +
    "In every second run of a pair one key's handler takes 3 s and another key's fails for ever; the figures are of the other keys: " +
    'from the send to the start of the handler. maxConcurrency 1,024, maxUncommitted 8,192.',
  columns: [
    column('sent/s', (run) => run.sentPerSecond, grouped),
    p50,
    p99,
    column('failed attempts', (run) => run.failedAttempts, grouped),
    rss,
    checked,
  ],
  brief: (run) => `sent ${Math.round(run.sentPerSecond)}/s, p50 ${run.p50Us} µs, p99 ${run.p99Us} µs`,

  async run(context) {
    const full = await live(context, {
      rate: 0,
      seconds: 30,
      count: whole(context.size(2_000_000)),
      warmMs: 500,
    });
    if (full.error) throw new Error(full.error);
    const capacity = Math.min(full.perSecond, full.sentPerSecond);
    const rate = Math.round(capacity / 2);
    context.log(`capacity ${Math.round(capacity)}/s, load ${rate}/s`);
    const seconds = context.time(15_000) / 1_000;
    const rows = [CLEAN, HINDERED].map((name) => ({
      name,
      ours: true,
      options: { client: WIDE, capacity, rate, seconds },
      runs: [],
    }));
    for (let round = 1; round <= Math.max(3, context.runs); round++) {
      for (const row of round % 2 ? rows : rows.toReversed()) {
        const hindered = row.name === HINDERED;
        const run = await live(context, {
          rate,
          seconds,
          count: whole(rate * seconds),
          hindered,
          warmMs: 3_000,
        });
        row.runs.push({ round, ...run });
        context.log(`round ${round}  ${row.name}: ${run.error ?? this.brief(run)}`);
      }
    }
    return rows;
  },

  bars(rows) {
    const clean = find(rows, CLEAN);
    const pairs = find(rows, HINDERED)?.map((run) => [
      run,
      clean?.find((other) => other.round === run.round),
    ]);
    const both = pairs?.filter(([, other]) => other) ?? [];
    const times = spread(both.map(([run, other]) => run.p99Us / other.p99Us));
    const more = spread(both.map(([run, other]) => (run.p99Us - other.p99Us) / 1_000));
    const met = times && (times.median <= 1.2 || more.median <= 2);
    return [
      bar("others' p99 ≤ 1.2 × the run without them, or + 2 ms (× shown)", times, () => met),
      bar('the same as a difference, ms', more, () => met),
    ];
  },
};
