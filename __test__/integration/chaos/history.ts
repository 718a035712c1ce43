/** One line of a member's history. */
export interface Line {
  member: string;
  kind: string;
  ns: bigint;
  partition: number;
  offset: number;
  attempt: number;
  key: string;
  seq: number;
  ok: boolean;
}

/** Reads a history; a last line that a kill cut short is left out. */
export function parse(member: string, text: string): Line[] {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return complete
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [kind = '', ns = '0', partition, offset, attempt, key = '', seq, outcome] = line.split('\t');
      return {
        member,
        kind,
        ns: BigInt(ns),
        partition: Number(partition),
        offset: Number(offset),
        attempt: Number(attempt),
        key,
        seq: Number(seq),
        ok: outcome === 'ok',
      };
    });
}

/** A committed offset as the broker told it. */
export interface Committed {
  ns: bigint;
  partition: number;
  offset: number;
}

/** What is checked. */
export interface History {
  /** Last sequence number acknowledged for each key; they start at 0. */
  produced: Map<string, number>;
  lines: Line[];
  commits: Committed[];
  /** Calls of two processes may overlap: a revocation did not wait for the end of a long one. */
  mayOverlap?: boolean;
}

/** What a history shows. */
export interface Verdict {
  violations: string[];
  messages: number;
  starts: number;
  /** Messages that succeeded more than once. */
  repeated: { key: string; seq: number; partition: number; offset: number; first: Line; again: Line }[];
}

/** Judges a whole history in one pass over its lines in order of time. */
export function check({ produced, lines, commits, mayOverlap }: History): Verdict {
  const violations: string[] = [];
  const calls = lines.filter((line) => line.kind === 'S' || line.kind === 'E');
  calls.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
  const succeeded = new Map<string, Set<number>>();
  const firstSuccess = new Map<string, Line>();
  const open = new Map<string, Line>();
  const repeated: Verdict['repeated'] = [];
  for (const line of calls) {
    const { key, seq, member } = line;
    const done = succeeded.get(key) ?? new Set<number>();
    succeeded.set(key, done);
    if (line.kind === 'S') {
      if (!(seq <= (produced.get(key) ?? -1))) violations.push(`PHANTOM ${at(line)}`);
      for (let earlier = 0; earlier < seq; earlier += 1) {
        if (!done.has(earlier)) {
          violations.push(`ORDER ${at(line)} starts before ${key}/${earlier} has succeeded`);
          break;
        }
      }
      const beside = open.get(key);
      if (beside && (beside.member === member || (!mayOverlap && !endsUnsaid(beside, lines, line.ns)))) {
        violations.push(`OVERLAP ${at(line)} beside ${at(beside)}`);
      }
      open.set(key, line);
    } else {
      if (open.get(key)?.member === member) open.delete(key);
      if (!line.ok) continue;
      const id = `${key}/${seq}`;
      const first = firstSuccess.get(id);
      if (first)
        repeated.push({ key, seq, partition: line.partition, offset: line.offset, first, again: line });
      else firstSuccess.set(id, line);
      done.add(seq);
    }
  }
  let messages = 0;
  for (const [key, last] of produced) {
    messages += last + 1;
    for (let seq = 0; seq <= last; seq += 1) {
      if (!succeeded.get(key)?.has(seq)) violations.push(`LOST ${key}/${seq}`);
    }
  }
  violations.push(...checkCommits(commits, [...firstSuccess.values()]));
  return { violations, messages, starts: calls.filter((line) => line.kind === 'S').length, repeated };
}

/** A process that was killed does not write the end of its calls: they ended with its last line at the latest. */
function endsUnsaid(start: Line, lines: Line[], before: bigint): boolean {
  return !lines.some((line) => line.member === start.member && line.ns > before);
}

/** Commits never fall, and never pass a message that has not succeeded. */
function checkCommits(commits: Committed[], successes: Line[]): string[] {
  const violations: string[] = [];
  const byPartition = new Map<number, Line[]>();
  for (const line of successes)
    byPartition.set(line.partition, [...(byPartition.get(line.partition) ?? []), line]);
  const watermark = new Map<number, number>();
  for (const lines of byPartition.values()) lines.sort((a, b) => a.offset - b.offset);
  for (const { partition, offset, ns } of [...commits].sort((a, b) => (a.ns < b.ns ? -1 : 1))) {
    const before = watermark.get(partition) ?? 0;
    if (offset < before) violations.push(`COMMIT-BACK partition ${partition}: ${offset} after ${before}`);
    const lines = byPartition.get(partition) ?? [];
    for (let place = before; place < offset; place += 1) {
      const line = lines[place];
      if (line?.offset !== place)
        violations.push(`COMMIT-UNSAFE partition ${partition}: ${offset} passes ${place}`);
      else if (line.ns > ns)
        violations.push(`COMMIT-UNSAFE partition ${partition}: ${offset} before ${at(line)}`);
    }
    watermark.set(partition, Math.max(before, offset));
  }
  return violations;
}

function at(line: Line): string {
  return `${line.kind} ${line.member} ${line.partition}@${line.offset} ${line.key}/${line.seq} attempt ${line.attempt}`;
}

/** What a member finished in the time before it was killed that a commit may not have covered yet. */
export function finishedBefore(
  lines: Line[],
  { member, ns }: { member: string; ns: bigint },
  ms: number,
): number {
  const since = ns - BigInt(Math.round(ms * 1e6));
  return lines.filter((line) => line.member === member && line.kind === 'E' && line.ok && line.ns >= since)
    .length;
}

/** Keys of a member whose last call before that time failed: they wait, parked, and what comes for them waits behind. */
export function parked(lines: Line[], member: string, before: bigint): Set<string> {
  const waiting = new Set<string>();
  for (const line of lines) {
    if (line.member !== member || line.ns > before) continue;
    if (line.kind === 'S') waiting.delete(line.key);
    else if (line.kind === 'E' && !line.ok) waiting.add(line.key);
  }
  return waiting;
}
