// The columns of the tables and how figures are written.
import { over, ratio } from './stats.mjs';
import { find } from './rounds.mjs';

const grouped = (value) => Math.round(value).toLocaleString('en-US');
const digits = (value) => (value >= 100 ? grouped(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

function range(spread, write) {
  if (!spread) return '–';
  const { median, min, max } = spread;
  const [m, a, b] = [median, min, max].map(write);
  return a === b ? m : `${m} (${a}–${b})`;
}

export const column = (title, of, write = digits) => ({
  title,
  cell: (row) => range(over(good(row), of), write),
});

const good = (row) => row.runs.filter((run) => !run.error);

export const perSecond = column('messages/s', (run) => run.perSecond, grouped);
export const cpu = column('CPU µs a message', (run) => (run.count ? run.cpuUs / run.count : undefined));
export const rss = column(
  'peak RSS, MB',
  (run) => run.peakRssKb / 1024,
  (value) => value.toFixed(0),
);
export const p50 = column('p50, ms', (run) => run.p50Us / 1000);
export const p99 = column('p99, ms', (run) => run.p99Us / 1000);

/** Every run's order and loss check in a word. */
export const checked = {
  title: 'in order, none lost',
  cell(row) {
    const bad = row.runs.filter(
      (run) => run.error || run.late || run.violations || run.lost || run.failed || run.overlaps,
    );
    if (bad.length === 0) return row.runs.length ? 'yes' : '–';
    const run = bad[0];
    if (run.error) return `**failed** in ${bad.length} of ${row.runs.length}`;
    const facts = ['violations', 'lost', 'failed', 'overlaps']
      .filter((name) => run[name])
      .map((name) => `${name} ${run[name]}`);
    return `**no** in ${bad.length} of ${row.runs.length}: ${run.late ? 'not done in time ' : ''}${facts.join(', ')}`;
  },
};

export const relativeTo = (name, of) => ({
  title: `× ${name}`,
  cell: (row, rows) => range(ratio(good(row), find(rows, name), of), (value) => value.toFixed(2)),
});

/** A bar of the contract: `value` is a spread (its median counts), and `ok` judges the median. */
export function bar(text, value, ok, write = (v) => v.toFixed(2)) {
  return {
    text,
    measured: value ? range(value, write) : 'not measured',
    met: value ? ok(value.median) : undefined,
  };
}

export { range, grouped };
