import loader from '../native.cjs';
import { ProsodyError } from './errors.js';
import type { TokenTarget } from './tokens.js';

/** The one function that the native side calls. */
export type Sink = (kind: number, data: ArrayBuffer | string | null) => void;

/** The native client, as `docs/bridge.md` describes it. */
export interface NativeClient extends TokenTarget {
  subscribe(handles: number): Promise<void>;
  unsubscribe(): Promise<void>;
  settle(
    rows: Uint32Array,
    count: number,
    texts: string[] | undefined,
    takes?: boolean,
  ): ArrayBuffer | null | undefined;
  send(bytes: Uint8Array, count: number): void;
  flush(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
  state(): number;
  assignedPartitionCount(): number;
  isStalled(): boolean;
  explain(limit: number): string;
  settings(): string;
}

/** The native admin client. */
export interface NativeAdmin extends TokenTarget {
  createTopic(name: string, partitions: number, replicationFactor: number): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  settings(): string;
}

/** What the addon exports. */
export interface NativeModule {
  NativeClient: new (options: unknown, environment: [string, string][], sink: Sink) => NativeClient;
  NativeAdmin: new (options: unknown, environment: [string, string][], sink: Sink) => NativeAdmin;
}

let provided: NativeModule | undefined;

/** Puts another native side in the place of the addon, for tests; `undefined` brings the addon back. */
export function provideNative(module: NativeModule | undefined): void {
  provided = module;
}

/**
 * The native side. The addon is loaded at the first call, which is that of the first constructor.
 *
 * Errors: a {@link ProsodyError} with the code `ADDON_MISSING` names the files that were looked for.
 */
export function nativeModule(): NativeModule {
  if (provided) return provided;
  try {
    return loader.load() as NativeModule;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProsodyError(`the native part of prosody cannot be loaded: ${reason}`, {
      code: 'ADDON_MISSING',
      cause: error,
    });
  }
}
