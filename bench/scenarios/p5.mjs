import { checked, column, grouped } from '../lib/columns.mjs';
import { consumers, prosody } from '../lib/contestants.mjs';
import { rounds } from '../lib/rounds.mjs';

const KEYS = 4_000;
const FOUR = { run: { partitionsConsumedConcurrently: 4 } };

export const p5 = {
  id: 'P5',
  title: 'What gets done behind one slow message',
  about:
    'A backlog of 1,000,000 records over 4 partitions; the handler of the very first record of one key takes 3 s, all others nothing. ' +
    'The figure is how many other records were handled in the first 2.5 s of it. Where 1,000,000 is not reached and more than zero is, ' +
    'the slow record held its whole partition. The peers run four partitions at once where they can.',
  columns: [column('others handled in 2.5 s', (run) => run.behind, grouped), checked],
  brief: (run) => `${grouped(run.behind)} others`,

  async run(context) {
    const count = context.size(1_000_000);
    const topic = await context.broker.fixture({ count, keys: KEYS });
    const contestants = [
      { ...consumers.kafkajsMessage, options: { api: 'eachMessage', ...FOUR } },
      { ...consumers.confluent, options: FOUR },
      consumers.platformaticIterate,
      prosody('Prosody', 3),
    ];
    return rounds(context, contestants, ({ file, options }) => {
      const where = {
        bootstrap: context.bootstrap,
        topic,
        group: context.broker.unique('group'),
        keys: KEYS,
      };
      return context.contestant(file, {
        work: 'behind',
        slowKey: 0,
        slowMs: 3_000,
        windowMs: 2_500,
        ...where,
        options,
      }).result;
    });
  },

  bars: () => [],
};
