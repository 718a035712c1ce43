/** A native side in TypeScript: what it was told, and what it tells, laid out as docs/bridge.md says. */
import { type NativeClient, type NativeModule, type Sink } from '../../src/native.js';

export interface Outcome {
  index: number;
  generation: number;
  code: number;
  failure?: { text: string; retryAfterMs?: number };
}

export interface SentRecord {
  ticket: number;
  partition: number;
  timestamp: number;
  topic: string;
  key: string | null;
  value: Buffer | null;
  headers: [string, Buffer | null][];
}

export interface MessageRow {
  index?: number;
  generation?: number;
  partition?: number;
  offset?: number;
  timestamp?: number;
  key?: string | Uint8Array | null;
  value?: string | Uint8Array | null;
  headers?: [string | Uint8Array, string | Uint8Array | null][];
  attempt?: number;
}

export type Row =
  | ({ kind: 'message' } & MessageRow)
  | { kind: 'abort'; index: number; generation?: number; reason: number }
  | { kind: 'partition'; index: number; topic: string; partition: number };

const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? Buffer.from(value) : value;

export function packHeaders(headers: MessageRow['headers'] = []): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, value] of headers) {
    const nameBytes = bytesOf(name);
    const valueBytes = value === null ? null : bytesOf(value);
    const nameLength = Buffer.alloc(4);
    nameLength.writeUInt32LE(nameBytes.length);
    const valueLength = Buffer.alloc(4);
    valueLength.writeInt32LE(valueBytes?.length ?? -1);
    parts.push(nameLength, nameBytes, valueLength, valueBytes ?? new Uint8Array());
  }
  return Buffer.concat(parts);
}

/** Builds a slab. */
export function slab(rows: Row[], version = 1): ArrayBuffer {
  const table = Buffer.alloc(8 + rows.length * 64);
  table.writeUInt32LE(version, 0);
  table.writeUInt32LE(rows.length, 4);
  const bodies: Uint8Array[] = [];
  let end = table.length;
  const body = (part: Uint8Array): void => {
    bodies.push(part);
    end += part.length;
  };
  rows.forEach((row, position) => {
    const at = 8 + position * 64;
    if (row.kind === 'message') {
      table.writeUInt32LE(1, at);
      table.writeUInt32LE(row.index ?? position, at + 4);
      table.writeUInt32LE(row.generation ?? 1, at + 8);
      table.writeUInt32LE(row.partition ?? 0, at + 12);
      table.writeDoubleLE(row.offset ?? position, at + 16);
      table.writeDoubleLE(row.timestamp ?? -1, at + 24);
      table.writeUInt32LE(end, at + 32);
      const key = row.key === undefined ? Buffer.from('k') : row.key === null ? null : bytesOf(row.key);
      const value =
        row.value === undefined ? Buffer.from('{}') : row.value === null ? null : bytesOf(row.value);
      const headers = packHeaders(row.headers);
      table.writeInt32LE(key?.length ?? -1, at + 36);
      table.writeInt32LE(value?.length ?? -1, at + 40);
      table.writeUInt32LE(headers.length, at + 44);
      table.writeUInt32LE(row.attempt ?? 1, at + 48);
      for (const part of [key, value, headers]) if (part) body(part);
    } else if (row.kind === 'abort') {
      table.writeUInt32LE(2, at);
      table.writeUInt32LE(row.index, at + 4);
      table.writeUInt32LE(row.generation ?? 1, at + 8);
      table.writeUInt32LE(row.reason, at + 12);
    } else {
      const topic = Buffer.from(row.topic);
      table.writeUInt32LE(3, at);
      table.writeUInt32LE(row.index, at + 12);
      table.writeDoubleLE(row.partition, at + 16);
      table.writeUInt32LE(end, at + 32);
      table.writeInt32LE(topic.length, at + 36);
      body(topic);
    }
  });
  const whole = Buffer.concat([table, ...bodies]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer;
}

export interface ReportRow {
  ticket: number;
  partition?: number;
  offset?: number;
  error?: { code: string; message: string; retryable?: boolean };
}

/** Builds a call of reports. */
export function reports(rows: ReportRow[]): ArrayBuffer {
  const table = Buffer.alloc(8 + rows.length * 32);
  table.writeUInt32LE(rows.length, 0);
  const errors: Buffer[] = [];
  let end = table.length;
  rows.forEach((row, position) => {
    const at = 8 + position * 32;
    table.writeUInt32LE(row.ticket, at);
    table.writeUInt32LE(row.error ? 0 : 1, at + 4);
    table.writeDoubleLE(row.partition ?? 0, at + 8);
    table.writeDoubleLE(row.offset ?? 0, at + 16);
    if (!row.error) return;
    const error = Buffer.from(JSON.stringify(row.error));
    table.writeUInt32LE(end, at + 24);
    table.writeUInt32LE(error.length, at + 28);
    errors.push(error);
    end += error.length;
  });
  const whole = Buffer.concat([table, ...errors]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer;
}

/** Reads what a send crossing holds. */
export function unpack(bytes: Uint8Array, count: number): SentRecord[] {
  const buffer = Buffer.from(bytes);
  let at = 0;
  const field = (): Buffer | null => {
    const length = buffer.readInt32LE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return buffer.subarray(at - length, at);
  };
  return Array.from({ length: count }, () => {
    const ticket = buffer.readUInt32LE(at);
    const partition = buffer.readInt32LE(at + 4);
    const timestamp = buffer.readDoubleLE(at + 8);
    at += 16;
    const topic = field()?.toString() ?? '';
    const key = field()?.toString() ?? null;
    const value = field();
    const end = at + 4 + buffer.readUInt32LE(at);
    at += 4;
    const headers: SentRecord['headers'] = [];
    while (at < end) headers.push([field()?.toString() ?? '', field()]);
    return { ticket, partition, timestamp, topic, key, value, headers };
  });
}

export class FakeNative implements NativeClient {
  static created: FakeNative[] = [];
  /** What the next one says besides its usual settings. */
  static settings: Record<string, unknown> = {};
  readonly crossings: SentRecord[][] = [];
  readonly settled: Outcome[][] = [];
  readonly calls: string[] = [];
  handles = 0;
  running = 0;
  /** Acknowledge sends by themselves, in the next turn. */
  acknowledges = true;
  settingsValue: Record<string, unknown> = {
    sourceSystem: 'billing',
    mode: 'pipeline',
    warnings: [],
    sendTimeoutMs: 1000,
    shutdownTimeoutMs: 30_000,
    ...FakeNative.settings,
  };
  explanationValue = '{}';
  onSubscribe: () => Promise<void> = () => Promise.resolve();
  onUnsubscribe: () => Promise<void> = () => Promise.resolve();
  onFlush: () => Promise<boolean> = () => Promise.resolve(true);
  onSend: (() => void) | undefined;
  /** Gives what a settlement that takes is to be answered with. */
  onSettle: (batch: Outcome[]) => ArrayBuffer | undefined = () => undefined;

  constructor(
    readonly options: unknown,
    readonly environment: [string, string][],
    readonly sink: Sink,
  ) {
    FakeNative.created.push(this);
  }

  static get last(): FakeNative {
    return FakeNative.created.at(-1)!;
  }

  async subscribe(handles: number): Promise<void> {
    this.calls.push('subscribe');
    this.handles = handles;
    await this.onSubscribe();
    this.running = 2;
  }

  async unsubscribe(): Promise<void> {
    this.calls.push('unsubscribe');
    await this.onUnsubscribe();
    this.running = 1;
  }

  settle(
    rows: Uint32Array,
    count: number,
    texts: string[] | undefined,
    takes?: boolean,
  ): ArrayBuffer | undefined {
    const batch: Outcome[] = [];
    for (let at = 0; at < count * 3; at += 3) {
      const [index = 0, generation = 0, word = 0] = rows.subarray(at, at + 3);
      const text = texts?.[(word >>> 8) - 1];
      const failure = word >>> 8 === 0 ? undefined : JSON.parse(text!);
      batch.push({ index, generation, code: word & 0xff, ...(failure ? { failure } : {}) });
    }
    this.settled.push(batch);
    return takes ? this.onSettle(batch) : undefined;
  }

  send(bytes: Uint8Array, count: number): void {
    this.onSend?.();
    const records = unpack(bytes, count);
    this.crossings.push(records);
    if (!this.acknowledges) return;
    setImmediate(() => {
      this.sink(1, reports(records.map(({ ticket }, offset) => ({ ticket, partition: 1, offset }))));
    });
  }

  flush(): Promise<boolean> {
    this.calls.push('flush');
    return this.onFlush();
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }

  state(): number {
    return this.running;
  }

  assignedPartitionCount(): number {
    return 3;
  }

  isStalled(): boolean {
    return false;
  }

  readonly tokens: { value: string; expiresAtMs: number; principal: string; extensions: string[] }[] = [];
  readonly refusals: string[] = [];
  onToken: () => void = () => undefined;

  token(value: string, expiresAtMs: number, principal: string, extensions: string[]): void {
    this.onToken();
    this.tokens.push({ value, expiresAtMs, principal, extensions });
  }

  tokenFailed(reason: string): void {
    this.refusals.push(reason);
  }

  explain(limit: number): string {
    this.calls.push(`explain ${limit}`);
    return this.explanationValue;
  }

  settings(): string {
    return JSON.stringify(this.settingsValue);
  }

  /** The consumer has been fenced, or has crashed. */
  ended(): void {
    this.running = 1;
  }

  /** Delivers rows, the name of partition 0 before them. */
  deliver(...rows: Row[]): void {
    this.sink(0, slab([{ kind: 'partition', index: 0, topic: 'orders', partition: 7 }, ...rows]));
  }

  get outcomes(): Outcome[] {
    return this.settled.flat();
  }
}

export class FakeAdmin {
  static calls: unknown[][] = [];
  constructor(
    readonly options: unknown,
    readonly environment: [string, string][],
    readonly sink: Sink,
  ) {
    FakeAdmin.calls.push(['new', options]);
    FakeAdmin.last = this;
  }
  static last: FakeAdmin;
  readonly tokens: string[] = [];
  token(value: string): void {
    this.tokens.push(value);
  }
  tokenFailed(): void {}
  static warnings: string[] = [];
  settings(): string {
    return JSON.stringify({ warnings: FakeAdmin.warnings });
  }
  createTopic(...args: unknown[]): Promise<void> {
    FakeAdmin.calls.push(['createTopic', ...args]);
    return Promise.resolve();
  }
  deleteTopic(name: string): Promise<void> {
    FakeAdmin.calls.push(['deleteTopic', name]);
    const fault = JSON.stringify({
      code: 'UNKNOWN_TOPIC',
      message: `there is no topic ${name}`,
      retryable: false,
    });
    return Promise.reject(new Error(fault));
  }
}

export const fakeModule: NativeModule = { NativeClient: FakeNative, NativeAdmin: FakeAdmin };

/** One turn of the event loop and what it sets off. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** Every unhandled rejection since the call, which a test must find empty. */
export function watchRejections(): unknown[] {
  const seen: unknown[] = [];
  process.on('unhandledRejection', (reason) => seen.push(reason));
  return seen;
}
