import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Line, parse } from './history.js';

const MEMBER = fileURLToPath(new URL('member.mjs', import.meta.url));

/** What the handlers of a member do. */
export interface HandlerPlan {
  /** Least and most milliseconds of a call. */
  ms: [number, number];
  /** Share of calls that fail. */
  failing?: number;
  /**
   * A share of the keys is down again and again, every `everyMs` for between `ms`: every call of such a key fails then,
   * in whatever process it is.
   */
  outages?: { share: number; everyMs: number; ms: [number, number] };
  /** Keys that are different. */
  keys?: Record<string, { ms?: number; failures?: number }>;
}

/** A fault that was injected. */
export interface Fault {
  kind: 'kill' | 'stop';
  member: string;
  ns: bigint;
}

/** The processes of one group. */
export class Fleet {
  readonly faults: Fault[] = [];
  readonly exits: { member: string; code: number | null; signal: string | null }[] = [];
  readonly errors: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'prosody-chaos-'));
  readonly #running = new Map<string, ChildProcess>();
  readonly #files: { member: string; file: string }[] = [];
  #count = 0;

  constructor(
    private readonly topic: string,
    private readonly options: Record<string, unknown>,
    private readonly handler: HandlerPlan,
  ) {}

  /** Starts a member and waits until it has subscribed. */
  async start(handler: HandlerPlan = this.handler, options: Record<string, unknown> = {}): Promise<string> {
    const member = `m${++this.#count}`;
    const file = join(this.#folder, member);
    const plan = { name: member, file, topic: this.topic, options: { ...this.options, ...options }, handler };
    const child = spawn(process.execPath, [MEMBER, JSON.stringify(plan)], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => this.errors.push(`${member}: ${text.trim()}`));
    child.once('exit', (code, signal) => {
      this.#running.delete(member);
      this.exits.push({ member, code, signal });
    });
    this.#running.set(member, child);
    this.#files.push({ member, file });
    await this.until(() => this.lines(member).some((line) => line.kind === 'U'), `${member} has subscribed`);
    return member;
  }

  /** SIGKILL: the process gets no chance to say goodbye. */
  async kill(member: string): Promise<void> {
    this.faults.push({ kind: 'kill', member, ns: process.hrtime.bigint() });
    await this.#end(member, 'SIGKILL');
  }

  /** SIGTERM: drains, commits, leaves. */
  async stop(member: string): Promise<void> {
    this.faults.push({ kind: 'stop', member, ns: process.hrtime.bigint() });
    await this.#end(member, 'SIGTERM');
  }

  async #end(member: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#running.get(member);
    if (child === undefined) throw new Error(`${member} does not run: ${this.errors.slice(-5).join('\n')}`);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((member) => this.#end(member, 'SIGKILL')));
  }

  get running(): string[] {
    return [...this.#running.keys()];
  }

  /** What one member, or all of them, have written down so far. */
  lines(member?: string): Line[] {
    const files = this.#files.filter((entry) => member === undefined || entry.member === member);
    return files.flatMap((entry) => {
      try {
        return parse(entry.member, readFileSync(entry.file, 'utf8'));
      } catch {
        return []; // not begun
      }
    });
  }

  /** Waits for something to become true; says what did not. */
  async until(holds: () => boolean | Promise<boolean>, what: string, limitMs = 60_000): Promise<void> {
    const limit = Date.now() + limitMs;
    while (!(await holds())) {
      if (Date.now() > limit)
        throw new Error(`after ${limitMs} ms not yet: ${what}\n${this.errors.slice(-10).join('\n')}`);
      await sleep(20);
    }
  }
}
