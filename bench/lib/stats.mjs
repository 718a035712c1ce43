// Medians with their range: means hide the run that went wrong.

export function spread(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** The spread of `of(run)` over the runs that have it. */
export const over = (runs, of) => spread(runs.map(of).map((value) => (value === undefined ? NaN : value)));

/** Ratios within a round: run i of one contestant by run i of another, so that a slow minute hits both. */
export function ratio(runs, others, of) {
  if (!runs || !others) return undefined;
  const pairs = runs.map((run) => [run, others.find((other) => other.round === run.round)]);
  return spread(pairs.filter(([, other]) => other).map(([run, other]) => of(run) / of(other)));
}
