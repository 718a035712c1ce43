// Contestants in turn, a round after the other, each round starting with another one: what slows the machine for a
// minute hits all of them, and ratios are taken within a round.

export async function rounds(context, contestants, one) {
  const chosen = contestants.filter(({ name }) => context.wants(name));
  const rows = chosen.map(({ name, ours, bare, options }) => ({ name, ours, bare, options, runs: [] }));
  for (let round = 1; round <= context.runs; round++) {
    for (let step = 0; step < chosen.length; step++) {
      const at = (step + round - 1) % chosen.length;
      const run = { round, ...(await one(chosen[at], round)) };
      rows[at].runs.push(run);
      context.log(`round ${round}  ${chosen[at].name}: ${run.error ?? context.brief(run)}`);
    }
  }
  return rows;
}

export const find = (rows, name) => rows.find((row) => row.name === name)?.runs.filter((run) => !run.error);

/** The runs of the first of `names` with the best median: the bar is a peer's best, not its worst. */
export function best(rows, names, of) {
  const median = (runs) => runs.map(of).sort((a, b) => a - b)[runs.length >> 1];
  return names
    .map((name) => find(rows, name))
    .filter((runs) => runs?.length)
    .sort((a, b) => median(b) - median(a))[0];
}
