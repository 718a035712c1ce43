import { createHook } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  AdminClient,
  ConfigurationError,
  ConsumerState,
  getCurrentLogger,
  Mode,
  type Next,
  ProsodyClient,
  ProsodyError,
  setLogger,
  setLoggerIfUnset,
} from '../../src/index.js';
import { environmentSnapshot } from '../../src/environment.js';
import { KeepAlive } from '../../src/keep-alive.js';
import { forgetLogger } from '../../src/logger.js';
import { provideNative } from '../../src/native.js';
import { FakeAdmin, FakeNative, fakeModule, turn, watchRejections } from './fake-native.js';
import { lines, subscribed, withFakeNative } from './support.js';

withFakeNative();

describe('construction', () => {
  it('passes_the_configuration_untouched_and_a_snapshot_of_the_environment', () => {
    const config = { groupId: 'g' };
    process.env.PROSODY_MODE = 'pipeline';
    new ProsodyClient(config);
    delete process.env.PROSODY_MODE;
    expect(FakeNative.last.options).toBe(config);
    expect(FakeNative.last.environment).toContainEqual(['PROSODY_MODE', 'pipeline']);
    expect(FakeNative.last.environment.map(([name]) => name)).not.toContain('PATH');
  });

  it('reads_only_the_names_that_configure_a_client', () => {
    const environment = {
      PROSODY_X: '1',
      PROSODY: '2',
      KAFKA_BROKERS: '3',
      KAFKA_OTHER: '4',
      SECRET: '5',
      PROSODY_Y: undefined,
    };
    expect(environmentSnapshot(environment)).toEqual([
      ['PROSODY_X', '1'],
      ['KAFKA_BROKERS', '3'],
    ]);
  });

  it('throws_every_problem_of_a_configuration_at_once', () => {
    const problems = [
      { path: 'retryBaseMs', value: '-1', expected: '1 ms to maxRetryDelayMs' },
      { path: 'groupId', value: '""', expected: '1 to 255 characters' },
    ];
    class Refusing extends FakeNative {
      constructor() {
        super({}, [], () => {});
        throw Object.assign(new Error(JSON.stringify(problems)), { code: 'CONFIGURATION' });
      }
    }
    provideNative({ ...fakeModule, NativeClient: Refusing });
    let error: unknown;
    try {
      new ProsodyClient();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'CONFIGURATION',
      retryable: false,
      problems,
      name: 'ConfigurationError',
    });
    expect((error as Error).message).toMatch(/retryBaseMs[^]*groupId/);
  });

  it('names_the_files_that_were_looked_for_when_the_addon_is_missing', () => {
    const script = `
      const Module = require('node:module'); const fs = require('node:fs');
      fs.existsSync = () => false;
      try { require('./native.cjs').load(); } catch (error) { console.log(error.code, error.message); }`;
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(stdout).toMatch(/^ADDON_MISSING there is neither .*prosody\..*\.node nor .*\.node.*npm run build/);
  });

  it('logs_the_warnings_of_the_native_side', () => {
    const settings = vi
      .spyOn(FakeNative.prototype, 'settings')
      .mockReturnValue('{"sourceSystem":"a","sendTimeoutMs":1,"warnings":["grupId is unknown: groupId?"]}');
    const client = new ProsodyClient();
    settings.mockRestore();
    expect(client.sourceSystem).toBe('a');
    expect(lines).toMatchObject([{ level: 'warn', message: 'grupId is unknown: groupId?' }]);
  });

  it('tells_the_state_of_the_native_side', () => {
    const client = new ProsodyClient();
    expect(client.consumerState).toBe(ConsumerState.Unconfigured);
    FakeNative.last.running = 1;
    expect(client.consumerState).toBe(ConsumerState.Configured);
    expect(client.assignedPartitionCount).toBe(3);
    expect(client.isStalled).toBe(false);
    expect([Mode.Pipeline, Mode.LowLatency, Mode.BestEffort]).toEqual([
      'pipeline',
      'low-latency',
      'best-effort',
    ]);
  });
});

describe('events', () => {
  const send = (native: FakeNative, ...batch: object[]): void => native.sink(3, JSON.stringify(batch));

  it('reach_their_listeners_in_order_and_once_only_once', () => {
    const client = new ProsodyClient();
    const seen: unknown[] = [];
    const second = (): unknown => seen.push('second');
    client
      .on('assigned', ({ partitions }) => seen.push(partitions))
      .on('assigned', second)
      .once('assigned', () => seen.push('once'));
    send(
      FakeNative.last,
      { type: 'assigned', partitions: [{ topic: 't', partition: 1 }] },
      { type: 'assigned', partitions: [] },
    );
    client.off('assigned', second);
    send(FakeNative.last, { type: 'assigned', partitions: [] });
    expect(seen).toEqual([[{ topic: 't', partition: 1 }], 'second', 'once', [], 'second', []]);
  });

  it('of_an_error_are_typed_and_not_said_again_where_nobody_listens', () => {
    const client = new ProsodyClient();
    const error = { type: 'error', code: 'FENCED', message: 'the instance was fenced', retryable: false };
    send(FakeNative.last, error);
    // What fails on the native side is in its own log lines.
    expect(lines).toEqual([]);
    const seen: unknown[] = [];
    client.on('error', (value) => seen.push(value));
    send(FakeNative.last, error);
    expect(seen[0]).toBeInstanceOf(ProsodyError);
    expect(seen).toMatchObject([{ code: 'FENCED' }]);
  });

  it('go_on_after_a_listener_that_throws_or_rejects', async () => {
    const rejections = watchRejections();
    const client = new ProsodyClient();
    const last = vi.fn();
    client
      .on('stalled', () => {
        throw new Error('one');
      })
      .on('stalled', () => Promise.reject(new Error('two')))
      .on('stalled', last);
    send(FakeNative.last, { type: 'stalled', topic: 't', partition: 1, reason: 'x' }, { type: 'invented' });
    await turn();
    expect(last).toHaveBeenCalledOnce();
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(2);
    expect(rejections).toEqual([]);
  });

  it('of_unknown_names_are_refused', () => {
    const client = new ProsodyClient();
    expect(() => client.on('asigned' as never, () => {})).toThrow(/"asigned".*assigned/);
    expect(() => client.on('assigned', 1 as never)).toThrow(TypeError);
  });
});

describe('middleware', () => {
  const named =
    (name: string, order: string[]) =>
    (next: Next): Next =>
    async (context, event, signal) => {
      order.push(`${name} before`);
      await next(context, event, signal);
      order.push(`${name} after`);
    };

  it('is_entered_in_the_order_it_was_added', async () => {
    const order: string[] = [];
    const client = new ProsodyClient().use(named('first', order)).use(named('second', order));
    await client.subscribe({ onMessage: () => order.push('handler') });
    FakeNative.last.deliver({ kind: 'message' });
    await turn();
    expect(order).toEqual(['first before', 'second before', 'handler', 'second after', 'first after']);
  });

  it('that_drops_the_signal_does_not_take_it_from_the_handler', async () => {
    const client = new ProsodyClient().use((next) => (context, event) => (next as any)(context, event));
    let aborted: boolean | undefined;
    await client.subscribe({ onMessage: (_context, _message, signal) => (aborted = signal.aborted) });
    FakeNative.last.deliver({ kind: 'message' });
    expect(aborted).toBe(false);
  });

  it('that_wants_a_signal_gets_it_before_a_handler_that_does_not', async () => {
    let seen: unknown;
    const client = new ProsodyClient().use((next) => (context, event, signal) => {
      seen = signal;
      return next(context, event, signal);
    });
    await client.subscribe({ onMessage: () => {} });
    FakeNative.last.deliver({ kind: 'message' });
    expect(seen).toBeInstanceOf(AbortSignal);
  });

  it('may_swallow_a_failure_or_make_one', async () => {
    const client = new ProsodyClient().use((next) => async (context, event, signal) => {
      await Promise.resolve(next(context, event, signal)).catch(() => undefined);
    });
    await client.subscribe({ onMessage: () => Promise.reject(new Error('x')) });
    FakeNative.last.deliver({ kind: 'message' });
    await turn();
    expect(FakeNative.last.outcomes).toMatchObject([{ code: 0 }]);
  });

  it('that_is_none_is_refused', async () => {
    const client = new ProsodyClient();
    expect(() => client.use(1 as never)).toThrow(TypeError);
    client.use(() => undefined as never);
    await expect(client.subscribe({ onMessage: () => {} })).rejects.toThrow(
      'a middleware returned undefined',
    );
  });
});

describe('logging', () => {
  it('takes_batches_of_lines', () => {
    new ProsodyClient();
    FakeNative.last.sink(
      2,
      JSON.stringify([
        { level: 'info', message: 'hi', fields: { a: 1 } },
        { level: 'odd', message: 'x' },
      ]),
    );
    expect(lines).toEqual([
      { level: 'info', message: 'hi', metadata: { a: 1 } },
      { level: 'info', message: 'x', metadata: undefined },
    ]);
  });

  it('keeps_a_logger_that_is_set', () => {
    forgetLogger();
    const one = { trace: vi.fn(), debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const other = { ...one };
    expect(setLoggerIfUnset(one)).toBe(true);
    expect(setLoggerIfUnset(other)).toBe(false);
    expect(getCurrentLogger()).toBe(one);
    setLogger(other);
    expect(getCurrentLogger()).toBe(other);
    expect(() => setLogger({ info: () => {} } as never)).toThrow('trace, debug, warn, error');
  });

  it('is_the_console_from_the_first_client_on', () => {
    forgetLogger();
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    new ProsodyClient();
    FakeNative.last.sink(
      2,
      JSON.stringify([
        { level: 'info', message: 'hi' },
        { level: 'debug', message: 'no' },
      ]),
    );
    expect(info.mock.calls).toEqual([['prosody: hi']]);
    expect(setLoggerIfUnset({} as never)).toBe(false);
    info.mockRestore();
  });

  it('survives_a_logger_that_throws', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const no = (): never => {
      throw new Error('no');
    };
    setLogger({ trace: no, debug: no, info: no, warn: no, error: no });
    new ProsodyClient();
    FakeNative.last.sink(2, JSON.stringify([{ level: 'info', message: 'hi' }]));
    expect(error.mock.calls[0]![0]).toContain('hi');
    error.mockRestore();
  });
});

describe('the_process', () => {
  // Only the timers that a client makes: those of the test runner come and go.
  const timers = new Set<NodeJS.Timeout>();
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'Timeout') timers.add(resource as NodeJS.Timeout);
    },
  });
  const ours = (timer: object): boolean => 'ref' in timer && inspect(timer).includes('_repeat: 2147483647');
  const refs = (): number => [...timers].filter((timer) => ours(timer) && timer.hasRef()).length;

  beforeAll(() => hook.enable());
  afterAll(() => hook.disable());

  it('is_kept_alive_by_a_running_consumer_and_by_an_unanswered_send_only', async () => {
    const before = refs();
    const client = new ProsodyClient();
    expect(refs()).toBe(before);
    await client.subscribe({ onMessage: () => {} });
    expect(refs()).toBe(before + 1);
    await client.unsubscribe();
    expect(refs()).toBe(before);
    const sending = client.send('t', 'k', 1);
    expect(refs()).toBe(before + 1);
    await sending;
    expect(refs()).toBe(before);
    FakeNative.last.onSubscribe = () => Promise.reject(new Error('x'));
    await client.subscribe({ onMessage: () => {} }).catch(() => undefined);
    expect(refs()).toBe(before);
  });

  it('counts_its_holders', () => {
    const keepAlive = new KeepAlive();
    keepAlive.hold();
    keepAlive.hold();
    keepAlive.release();
    expect(keepAlive.held).toBe(true);
    keepAlive.close();
    keepAlive.release();
    keepAlive.hold();
    expect(keepAlive.held).toBe(false);
  });

  it('sees_nothing_of_an_import', async () => {
    vi.resetModules();
    const globals = Object.getOwnPropertyNames(globalThis);
    const listeners = process.eventNames().map((name) => process.listenerCount(name));
    await import('../../src/index.js');
    expect(Object.getOwnPropertyNames(globalThis)).toEqual(globals);
    expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(listeners);
    expect(FakeNative.created).toEqual([]);
  });

  it('has_independent_clients', async () => {
    const seen: string[] = [];
    const { native: one } = await subscribed({ onMessage: () => seen.push('one') });
    const { native: two } = await subscribed({ onMessage: () => seen.push('two') });
    two.deliver({ kind: 'message' });
    one.deliver({ kind: 'message' });
    expect(seen).toEqual(['two', 'one']);
  });
});

describe('the_admin_client', () => {
  it('logs_the_warnings_of_its_configuration', () => {
    FakeAdmin.warnings.push('unknown option "bootstrapServer" is ignored');
    new AdminClient({ mock: true });
    FakeAdmin.warnings.length = 0;
    expect(lines).toMatchObject([{ level: 'warn', message: 'unknown option "bootstrapServer" is ignored' }]);
  });

  it('passes_its_calls_and_types_the_errors', async () => {
    const admin = new AdminClient('localhost:9092');
    await admin.createTopic('t', 4, 1);
    await expect(admin.deleteTopic('t')).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC',
      message: 'there is no topic t',
    });
    await expect(admin.deleteTopic('t')).rejects.toBeInstanceOf(ProsodyError);
    expect(FakeAdmin.calls.slice(0, 3)).toEqual([
      ['new', 'localhost:9092'],
      ['createTopic', 't', 4, 1],
      ['deleteTopic', 't'],
    ]);
  });
});
