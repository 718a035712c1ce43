import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import { type Configuration, type Message, ProsodyClient, setLogger } from '../../src/index.js';
import { forgetLogger } from '../../src/logger.js';

/** Lines that were logged in this test. */
export const lines: { level: string; message: string; metadata: Record<string, unknown> | undefined }[] = [];

const at =
  (level: string) =>
  (message: string, metadata?: Record<string, unknown>): void => {
    lines.push({ level, message, metadata });
  };

const clients: ProsodyClient[] = [];

/** Collects log lines, and closes after each test what it left open. */
export function withMockBroker(): void {
  beforeEach(() => {
    lines.length = 0;
    setLogger({
      trace: at('trace'),
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
    forgetLogger();
  });
}

/** A client on a mock broker of its own, unless `bootstrapServers` names one to share. */
export function mockClient(config: Configuration = {}): ProsodyClient {
  const client = new ProsodyClient({
    mock: true,
    bootstrapServers: `${randomUUID()}:9092`,
    groupId: 'group',
    subscribedTopics: 'topic',
    // Not the group's own name: a consumer takes nothing that its own group has sent.
    sourceSystem: 'tests',
    shutdownTimeoutMs: 5_000,
    sendTimeoutMs: 30_000,
    ...config,
  });
  clients.push(client);
  return client;
}

/** What a program came to. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
  tookMs: number;
}

interface ProgramOptions {
  /** Sent once the program has written a line that begins with `ready`. */
  signal?: NodeJS.Signals;
  /** Ended by force after this time; the test then sees SIGKILL. */
  limitMs?: number;
  /** The same, counted from the line that begins with `ready`: however long the start took. */
  limitFromReadyMs?: number;
  nodeArgs?: string[];
}

const folder = join(import.meta.dirname, 'programs');

/** Runs one of the programs in a Node of its own, to its end. */
export function program(
  name: string,
  args: (string | number)[] = [],
  options: ProgramOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const argv = [...(options.nodeArgs ?? []), join(folder, `${name}.mjs`), ...args.map(String)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
    const kill = (): boolean => child.kill('SIGKILL');
    let limit = setTimeout(kill, options.limitMs ?? 60_000);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const wasReady = /^ready/m.test(out);
      out += chunk;
      if (wasReady || !/^ready/m.test(out)) return;
      if (options.signal) child.kill(options.signal);
      if (options.limitFromReadyMs === undefined) return;
      clearTimeout(limit);
      limit = setTimeout(kill, options.limitFromReadyMs);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, out, err, tookMs: performance.now() - began });
    });
  });
}

// What configures this run of vitest is none of a program's business.
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PROSODY_|VITEST|NODE_OPTIONS$)/.test(name));
  return Object.fromEntries(kept);
}

/** What our own code writes when something went wrong that must not. */
export const FAULTS = /panicked|FATAL|abort|Segmentation|MaxListeners|unhandled|memory allocation|napi_/i;

/** Runs `count` programs, as many at a time as there are cores. */
export async function programs(count: number, run: (index: number) => Promise<Ended>): Promise<Ended[]> {
  const all: Ended[] = [];
  for (let first = 0; first < count; first += 2) {
    const pair = [first, first + 1].filter((index) => index < count);
    all.push(...(await Promise.all(pair.map(run))));
  }
  return all;
}

/** Resolves when the condition holds; rejects, and says what for, when that takes too long. */
export async function until(condition: () => boolean, what: string, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(5);
  }
}

/** Subscribes and collects messages, every one of them a success. */
export async function collect(client: ProsodyClient): Promise<Message[]> {
  const messages: Message[] = [];
  await client.subscribe({ onMessage: (_context, message) => void messages.push(message) });
  return messages;
}
