import { bar, column, grouped, rss } from '../lib/columns.mjs';
import { consumers, prosody } from '../lib/contestants.mjs';
import { find } from '../lib/rounds.mjs';
import { over } from '../lib/stats.mjs';

const KEYS = 4_000;
const OURS = 'Prosody';

export const p11 = {
  id: 'P11',
  title: 'Memory with a backlog and handlers that hang',
  about:
    '1,000,000 records wait in Kafka, and no handler returns for 60 s; default options. The figure is the highest resident memory in that ' +
    'time. The contestants of a round run beside each other: memory does not compete.',
  columns: [rss, column('handlers open', (run) => run.open, grouped)],
  brief: (run) => `${Math.round(run.peakRssKb / 1024)} MB, ${run.open} open`,

  async run(context) {
    const count = context.size(1_000_000);
    const topic = await context.broker.fixture({ count, keys: KEYS });
    const stuckMs = context.time(60_000);
    const contestants = [
      consumers.kafkajsMessage,
      consumers.confluent,
      consumers.platformaticIterate,
      prosody(OURS, 3),
    ];
    const rows = contestants
      .filter(({ name }) => context.wants(name))
      .map(({ name, ours, file, options }) => ({ name, ours, file, options, runs: [] }));
    for (let round = 1; round <= context.runs; round++) {
      const runs = rows.map(({ file, options }) => {
        const where = {
          bootstrap: context.bootstrap,
          topic,
          group: context.broker.unique('group'),
          keys: KEYS,
        };
        const config = { work: 'stuck', stuckMs, limitMs: stuckMs + 60_000, ...where, options };
        return context.contestant(file, config, stuckMs + 120_000).result;
      });
      for (const [at, run] of (await Promise.all(runs)).entries()) {
        rows[at].runs.push({ round, ...run });
        context.log(`round ${round}  ${rows[at].name}: ${run.error ?? this.brief(run)}`);
      }
    }
    return rows;
  },

  bars: (rows) => [
    bar(
      'peak RSS ≤ 200 MB',
      over(find(rows, OURS) ?? [], (run) => run.peakRssKb / 1024),
      (v) => v <= 200,
      (v) => v.toFixed(0),
    ),
  ],
};
