// Shows a ledger: a table that redraws itself in a terminal, a line a second anywhere else.

const REDRAW_MS = 100;
const LINE_MS = 1_000;
const BAR = 24;

export class View {
  #ledger;
  #where;
  #terminal = process.stdout.isTTY === true;
  #timer;
  #drawn = 0;
  /** Looks at the count of finished messages, those of the last second. */
  #looks = [];
  #lastLog = '';
  /** Log lines of the client: the newest warning is shown below the table. */
  logger = {
    trace() {},
    debug() {},
    info() {},
    warn: (message) => this.#log(message),
    error: (message) => this.#log(message),
  };

  constructor(ledger, where) {
    this.#ledger = ledger;
    this.#where = where;
  }

  start() {
    console.log(
      `Prosody on ${this.#where}: 6 steady keys, one whose handler takes a second, one that fails for a while\n`,
    );
    this.#looks = [[performance.now(), this.#ledger.done]];
    this.#timer = setInterval(() => this.#tick(), this.#terminal ? REDRAW_MS : LINE_MS);
  }

  stop() {
    clearInterval(this.#timer);
    if (this.#timer && this.#terminal) this.#tick();
    this.#timer = undefined;
  }

  /** Prints what held and what did not; says whether everything did. */
  summary(tookMs, failure) {
    // Of a run that never began there is nothing to check.
    const checks = this.#ledger.startedAt > 0 ? this.#ledger.checks() : [];
    console.log('');
    for (const [held, line] of checks)
      console.log(`  ${this.#colour(held ? 32 : 31, held ? 'ok  ' : 'FAIL')}  ${line}`);
    if (failure) console.log(`  ${this.#colour(31, 'FAIL')}  ${failure.message}`);
    const good = !failure && checks.every(([held]) => held);
    console.log(`\n${good ? 'Everything held' : 'Something did not hold'}; ${seconds(tookMs)} in all.`);
    return good;
  }

  #tick() {
    const now = performance.now();
    this.#looks.push([now, this.#ledger.done]);
    while (this.#looks.length > 2 && this.#looks[0][0] < now - LINE_MS) this.#looks.shift();
    if (this.#terminal) this.#draw();
    else console.log(this.#totals());
  }

  #draw() {
    const lines = [
      this.#colour(1, 'key          sent    done  waiting  failed  order'),
      ...[...this.#ledger.keys.values()].map((facts) => this.#row(facts)),
      '',
      this.#totals(),
      this.#lastLog && this.#colour(2, `log: ${this.#lastLog}`.slice(0, (process.stdout.columns ?? 80) - 1)),
    ];
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    process.stdout.write(up + lines.map((line) => `\x1b[2K${line}\n`).join(''));
    this.#drawn = lines.length;
  }

  #row({ key, sent, done, failed, outOfOrder, overlaps, state }) {
    const waiting = sent - done;
    const numbers = [sent, done, waiting, failed].map((number, at) =>
      String(number).padStart([7, 8, 9, 8][at]),
    );
    const right = outOfOrder + overlaps === 0;
    const order = this.#colour(right ? 32 : 31, right ? 'ok   ' : 'WRONG');
    const bar = '■'.repeat(Math.min(waiting, BAR)).padEnd(BAR + 1);
    return `${key.padEnd(10)}${numbers.join('')}  ${order}  ${this.#colour(33, bar)}${state}`;
  }

  #totals() {
    const { sent, done, open, failed, startedAt } = this.#ledger;
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    const rate = last[0] > first[0] ? ((last[1] - first[1]) * 1_000) / (last[0] - first[0]) : 0;
    const wrong = [...this.#ledger.keys.values()].reduce(
      (sum, facts) => sum + facts.outOfOrder + facts.overlaps,
      0,
    );
    return [
      seconds(performance.now() - startedAt).padStart(6),
      `${done} of ${sent} done`,
      `${rate.toFixed(0)} a second`,
      `${open} in flight`,
      `${failed} failed calls`,
      wrong === 0 ? 'order ok' : `${wrong} OUT OF ORDER`,
    ].join(' · ');
  }

  #log(message) {
    this.#lastLog = message;
  }

  #colour(code, text) {
    return this.#terminal ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}
