import { afterEach, beforeEach } from 'vitest';
import { type Handler, type Logger, ProsodyClient, setLogger } from '../../src/index.js';
import { forgetLogger } from '../../src/logger.js';
import { provideNative } from '../../src/native.js';
import { FakeAdmin, FakeNative, fakeModule } from './fake-native.js';

/** Lines that were logged in this test. */
export const lines: { level: string; message: string; metadata: unknown }[] = [];

const at =
  (level: string) =>
  (message: string, metadata?: unknown): void => {
    lines.push({ level, message, metadata });
  };

const logger: Logger = {
  trace: at('trace'),
  debug: at('debug'),
  info: at('info'),
  warn: at('warn'),
  error: at('error'),
};

/** Puts the fake native side and a collecting logger in place for each test of the file. */
export function withFakeNative(): void {
  beforeEach(() => {
    provideNative(fakeModule);
    setLogger(logger);
    lines.length = 0;
    FakeNative.created.length = 0;
    FakeAdmin.calls.length = 0;
  });
  afterEach(() => {
    provideNative(undefined);
    forgetLogger();
  });
}

/** A client that is subscribed, and its native side. */
export async function subscribed(
  handler: Handler<any>,
): Promise<{ client: ProsodyClient; native: FakeNative }> {
  const client = new ProsodyClient({ groupId: 'billing' });
  await client.subscribe(handler);
  return { client, native: FakeNative.last };
}
