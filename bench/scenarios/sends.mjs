import { bar, checked, column, cpu, perSecond, relativeTo, rss } from '../lib/columns.mjs';
import { producers } from '../lib/contestants.mjs';
import { best, find, rounds } from '../lib/rounds.mjs';
import { ratio } from '../lib/stats.mjs';

const rate = (run) => run.perSecond;
const us = (value) => Math.round(value).toLocaleString('en-US');

/** Sends with one contestant to a topic of its own and reads back what was acknowledged. */
async function send(context, contestant, bareCommand, config) {
  const topic = await context.broker.fresh('send');
  const common = { bootstrap: context.bootstrap, topic, bytes: 100, ...config };
  const run = contestant.bare
    ? await context.ceiling(bareCommand, { ...common, ...contestant.options }).result
    : await context.contestant(contestant.file, { ...common, options: contestant.options }).result;
  const found = run.error ? {} : await context.broker.verify(topic, { count: run.acked, keys: config.keys });
  await context.broker.drop(topic);
  return { ...run, ...found };
}

const scenario = ({ work, bareCommand, config, contestants, ...rest }) => ({
  ...rest,
  run: (context) =>
    rounds(context, contestants, (contestant) =>
      send(context, contestant, bareCommand, { work, ...config(context) }),
    ),
});

const LONE = ['bare librdkafka, linger 0', 'KafkaJS', 'Confluent, linger 0', 'Platformatic', 'Prosody'];

export const p8 = scenario({
  id: 'P8',
  title: 'Awaited sends, one after the other',
  about:
    'Each `send` is awaited before the next; 100 bytes of JSON, acks=all, 4 partitions. Warmed by 500 sends.',
  work: 'awaited',
  bareCommand: 'awaited',
  config: (context) => ({ keys: 100, count: context.size(5_000), warm: 500 }),
  contestants: [
    producers.bare(LONE[0], { kafka: { 'linger.ms': 0 } }),
    producers.kafkajs(LONE[1]),
    producers.confluent(LONE[2], { 'linger.ms': 0 }),
    producers.platformatic(LONE[3]),
    producers.prosody(LONE[4]),
  ],
  columns: [
    column('p50, µs', (run) => run.p50Us, us),
    column('p99, µs', (run) => run.p99Us, us),
    relativeTo(LONE[0], (run) => run.p50Us),
    cpu,
    checked,
  ],
  brief: (run) => `p50 ${run.p50Us} µs, p99 ${run.p99Us} µs`,
  bars(rows) {
    const [bare, , confluent, , ours] = LONE.map((name) => find(rows, name));
    const p50 = (run) => run.p50Us;
    const p99 = (run) => run.p99Us;
    return [
      bar("p50 ≤ 1.0 × Confluent's", ratio(ours, confluent, p50), (value) => value <= 1),
      bar("p99 ≤ 1.2 × Confluent's", ratio(ours, confluent, p99), (value) => value <= 1.2),
      bar('aim: p50 ≤ 1.2 × bare', ratio(ours, bare, p50), (value) => value <= 1.2),
    ];
  },
});

const BARE_5 = 'bare librdkafka, linger 5';
// Idempotence limits the requests under way to five, so that librdkafka batches by itself: at times its fastest setting.
const CONFLUENT = [
  ...[0, 1, 5].map((linger) => producers.confluent(`Confluent, linger ${linger}`, { 'linger.ms': linger })),
  ...[0, 5].map((linger) =>
    producers.confluent(`Confluent, idempotent, linger ${linger}`, { 'linger.ms': linger }, true),
  ),
];
const CONFLUENTS = CONFLUENT.map(({ name }) => name);

export const p9 = scenario({
  id: 'P9',
  title: '1,000 single sends in flight',
  about:
    '1,000 loops, each awaiting its own `send` of one record; steady rate over a window; acks=all, 100 keys, so that ten of a key are ' +
    'always under way. Read back: every acknowledged record there, each key in the order of its sends.',
  work: 'flight',
  bareCommand: 'flight',
  config: (context) => ({ keys: 100, window: 1_000, warmMs: 2_000, runMs: context.time(5_000) }),
  contestants: [
    producers.bare(BARE_5, { kafka: { 'linger.ms': 5 } }),
    producers.bare('bare librdkafka, linger 0', { kafka: { 'linger.ms': 0 } }),
    producers.kafkajs('KafkaJS'),
    ...CONFLUENT,
    producers.platformatic('Platformatic'),
    producers.prosody('Prosody'),
  ],
  columns: [perSecond, relativeTo(BARE_5, rate), cpu, rss, checked],
  brief: (run) => `${Math.round(run.perSecond)}/s, failed ${run.failed}, violations ${run.violations}`,
  bars(rows) {
    const ours = find(rows, 'Prosody');
    return [
      bar(
        '≥ 1.5 × Confluent at its best linger',
        ratio(ours, best(rows, CONFLUENTS, rate), rate),
        (value) => value >= 1.5,
      ),
      bar('aim: 2 × bare at linger 5', ratio(ours, find(rows, BARE_5), rate), (value) => value >= 2),
    ];
  },
});

export const p10 = scenario({
  id: 'P10',
  title: '100 records a call, 8 calls in flight',
  about:
    '8 loops, each awaiting its own call of 100 records: `sendMany` for Prosody, `send` with 100 messages for the others; acks=all, ' +
    '4,000 keys. The bare rows keep as many records under way (800), and 100,000 as the ceiling.',
  work: 'batches',
  bareCommand: 'flight',
  config: (context) => ({ keys: 4_000, window: 8, batch: 100, warmMs: 2_000, runMs: context.time(5_000) }),
  contestants: [
    producers.bare('bare librdkafka, 100,000 in flight', { window: 100_000, kafka: { 'linger.ms': 5 } }),
    producers.bare('bare librdkafka, 800 in flight', { window: 800, kafka: { 'linger.ms': 0.5 } }),
    producers.kafkajs('KafkaJS'),
    ...CONFLUENT,
    producers.platformatic('Platformatic'),
    producers.prosody('Prosody'),
  ],
  columns: [perSecond, relativeTo('Platformatic', rate), cpu, rss, checked],
  brief: (run) => `${Math.round(run.perSecond)}/s, failed ${run.failed}, violations ${run.violations}`,
  bars(rows) {
    const ours = find(rows, 'Prosody');
    return [
      bar('≥ 1.2 × Platformatic', ratio(ours, find(rows, 'Platformatic'), rate), (value) => value >= 1.2),
      bar('aim: 1,000,000 a second', ratioToMillion(ours), (value) => value >= 1),
    ];
  },
});

const ratioToMillion = (runs) =>
  ratio(
    runs,
    runs?.map(({ round }) => ({ round, perSecond: 1e6 })),
    rate,
  );
