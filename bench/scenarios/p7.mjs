import { bar, checked, column, cpu, p50, p99 } from '../lib/columns.mjs';
import { consumers, prosody } from '../lib/contestants.mjs';
import { find, rounds } from '../lib/rounds.mjs';
import { over } from '../lib/stats.mjs';

const KEYS = 4_000;
const RATE = 1_000;
const OURS = 'Prosody';
const ms = (us) => us / 1_000;

export const p7 = {
  id: 'P7',
  title: 'End to end at 1,000 messages a second',
  about:
    'From the send to the start of the handler. The bare producer sends at linger 0; in every run the bare consumer (one poll a record) ' +
    "reads the same records beside the contestant, and its figures are in the columns “bare”. Defaults; Prosody's handler has all three parameters.",
  columns: [
    p50,
    column('bare p50, ms', (run) => ms(run.bare.p50Us)),
    p99,
    column('bare p99, ms', (run) => ms(run.bare.p99Us)),
    cpu,
    checked,
  ],
  brief: (run) =>
    `p50 ${run.p50Us} µs (bare ${run.bare.p50Us}), p99 ${run.p99Us} µs (bare ${run.bare.p99Us})`,

  async run(context) {
    const seconds = context.time(20_000) / 1_000;
    const count = RATE * seconds;
    const warmMs = 3_000;
    const contestants = [
      consumers.kafkajsMessage,
      consumers.confluent,
      consumers.platformaticData,
      prosody(OURS, 3),
    ];
    return rounds(context, contestants, async (contestant) => {
      const topic = await context.broker.fresh('p7');
      const common = { bootstrap: context.bootstrap, topic, keys: KEYS, count, warmMs };
      const { file, options } = contestant;
      const bare = context.ceiling('consume', { ...common, live: 1, group: context.broker.unique('bare') });
      const reading = context.contestant(file, {
        ...common,
        work: 'live',
        group: context.broker.unique('group'),
        options,
      });
      await Promise.all([bare.ready, reading.ready]);
      const sending = {
        bootstrap: context.bootstrap,
        topic,
        keys: KEYS,
        count,
        rate: RATE,
        kafka: { 'linger.ms': 0 },
      };
      await context.ceiling('produce', sending).result;
      const [run, beside] = await Promise.all([reading.result, bare.result]);
      await context.broker.drop(topic);
      if (run.error || beside.error) return { error: run.error ?? beside.error };
      return {
        ...run,
        lost: count - run.count,
        bare: { p50Us: beside.p50Us, p99Us: beside.p99Us, lost: count - beside.count },
      };
    });
  },

  bars(rows) {
    const ours = find(rows, OURS) ?? [];
    const more = (name) => over(ours, (run) => ms(run[name] - run.bare[name]));
    return [
      bar("p50 ≤ the bare consumer's + 0.5 ms (difference, ms)", more('p50Us'), (value) => value <= 0.5),
      bar("p99 ≤ the bare consumer's + 3 ms (difference, ms)", more('p99Us'), (value) => value <= 3),
    ];
  },
};
