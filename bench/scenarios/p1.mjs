import { bar, checked, cpu, perSecond, relativeTo, rss } from '../lib/columns.mjs';
import { consumers, prosody } from '../lib/contestants.mjs';
import { best, find, rounds } from '../lib/rounds.mjs';
import { over, ratio } from '../lib/stats.mjs';

const KEYS = 4_000;
const WIDE = { maxConcurrency: 1_024, maxUncommitted: 8_192 };
const TWO = 'Prosody, handler (context, message)';
const THREE = 'Prosody, handler (context, message, signal)';
const PLAIN_TWO = 'Prosody, defaults, handler (context, message)';
const PLAIN_THREE = 'Prosody, defaults, handler (context, message, signal)';
const names = Object.values(consumers).map(({ name }) => name);
const rate = (run) => run.perSecond;
const mb = (run) => run.peakRssKb / 1024;

/** Drains a fixture with one contestant. */
export async function drain(context, contestant, config) {
  const common = {
    bootstrap: context.bootstrap,
    group: context.broker.unique('group'),
    keys: KEYS,
    ...config,
  };
  const run = contestant.bare
    ? await context.ceiling('consume', { ...common, ...contestant.options }).result
    : await context.contestant(contestant.file, { work: 'count', ...common, options: contestant.options })
        .result;
  return run.error ? run : { ...run, lost: config.count - run.count };
}

function scenario({ id, title, about, contestants, bars }) {
  return {
    id,
    title,
    about,
    columns: [
      perSecond,
      relativeTo('KafkaJS eachMessage', rate),
      relativeTo(consumers.bare.name, rate),
      cpu,
      rss,
      checked,
    ],
    brief: (run) =>
      `${Math.round(run.perSecond)}/s, ${(run.cpuUs / run.count).toFixed(2)} µs, ${Math.round(mb(run))} MB`,
    async run(context) {
      const count = context.size(1_000_000);
      const topic = await context.broker.fixture({ count, keys: KEYS });
      return rounds(context, contestants, (contestant) => drain(context, contestant, { topic, count }));
    },
    bars,
  };
}

const atLeast = (factor) => (value) => value >= factor;

export const p1 = scenario({
  id: 'P1',
  title: 'A backlog through a handler that does nothing',
  about:
    '1,000,000 records of 100 bytes of JSON, 4 partitions, 4,000 keys. The handler is asynchronous and reads the key and ' +
    `the length of the value. Prosody: maxConcurrency 1,024, maxUncommitted 8,192. From the assignment to the last handler call (the bare row: from its first batch).`,
  contestants: [...Object.values(consumers), prosody(TWO, 2, WIDE), prosody(THREE, 3, WIDE)],
  bars(rows) {
    const fastest = (prefix) =>
      best(
        rows,
        names.filter((name) => name.startsWith(prefix)),
        rate,
      );
    const kafkajs = fastest('KafkaJS eachMessage');
    const confluent = fastest('Confluent eachMessage');
    const platformatic = fastest('Platformatic');
    return [TWO, THREE].flatMap((name) => {
      const ours = find(rows, name);
      return [
        bar(
          `${name}: ≥ 1.2 × KafkaJS eachMessage, the faster of its rows`,
          ratio(ours, kafkajs, rate),
          atLeast(1.2),
        ),
        bar(
          `${name}: ≥ 4 × Confluent eachMessage, the faster of its rows`,
          ratio(ours, confluent, rate),
          atLeast(4),
        ),
        bar(
          `${name}: peak RSS ≤ 200 MB`,
          over(ours ?? [], mb),
          (value) => value <= 200,
          (value) => value.toFixed(0),
        ),
        bar(`${name}: aim, 1.5 × Platformatic's best`, ratio(ours, platformatic, rate), atLeast(1.5)),
        bar(
          `${name}: aim, 0.5 × bare librdkafka`,
          ratio(ours, find(rows, consumers.bare.name), rate),
          atLeast(0.5),
        ),
      ];
    });
  },
});

export const p1d = scenario({
  id: 'P1d',
  title: 'The same with default options',
  about: 'As P1; Prosody with every option at its default (maxConcurrency 32, maxUncommitted 64).',
  contestants: [consumers.bare, consumers.kafkajsMessage, prosody(PLAIN_TWO, 2), prosody(PLAIN_THREE, 3)],
  bars: (rows) =>
    [PLAIN_TWO, PLAIN_THREE].map((name) =>
      bar(
        `${name}: ≥ 0.5 × KafkaJS eachMessage`,
        ratio(find(rows, name), find(rows, 'KafkaJS eachMessage'), rate),
        atLeast(0.5),
      ),
    ),
});
