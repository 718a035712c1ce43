import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ProsodyClient, SendError, type SendOptions } from '../../src/index.js';
import { FakeNative, reports, turn, watchRejections } from './fake-native.js';
import { withFakeNative } from './support.js';

withFakeNative();

function made(): { client: ProsodyClient; native: FakeNative } {
  return { client: new ProsodyClient(), native: FakeNative.last };
}
const own = ['source-system', Buffer.from('billing')];

describe('a_record', () => {
  it.each<[string, string | null, unknown, SendOptions | undefined, object]>([
    [
      'JSON',
      'k',
      { a: 'ü' },
      undefined,
      { key: 'k', value: Buffer.from('{"a":"ü"}'), partition: -1, timestamp: -1 },
    ],
    ['bytes', 'k', new Uint8Array([0, 255]), undefined, { value: Buffer.from([0, 255]) }],
    [
      'a_view_of_a_buffer',
      'k',
      Buffer.from('abcdef').subarray(2, 4),
      undefined,
      { value: Buffer.from('cd') },
    ],
    ['a_tombstone', 'k', null, undefined, { value: null }],
    ['without_a_key', null, 1, undefined, { key: null, value: Buffer.from('1') }],
    ['an_empty_key', '', '', undefined, { key: '', value: Buffer.from('""') }],
    ['a_long_key', '🔑'.repeat(5_000), 1, undefined, { key: '🔑'.repeat(5_000) }],
    ['a_lone_surrogate_escaped', 'k', '\ud800', undefined, { value: Buffer.from('"\\ud800"') }],
    ['a_partition', 'k', 1, { partition: 3 }, { partition: 3 }],
    ['a_time', 'k', 1, { timestamp: new Date(5) }, { timestamp: 5 }],
    ['headers', 'k', 1, { headers: { a: '1', b: ['2', null], c: new Uint8Array([9]) } },
      { headers: [own, ['a', Buffer.from('1')], ['b', Buffer.from('2')], ['b', null], ['c', Buffer.from([9])]] }], // prettier-ignore
    ['pairs', 'k', 1, { headers: new Map([['a', '1']]) }, { headers: [own, ['a', Buffer.from('1')]] }],
    [
      'somebody_elses_source',
      'k',
      1,
      { headers: { 'source-system': 'x', a: '1' } },
      { headers: [own, ['a', Buffer.from('1')]] },
    ],
  ])('with %s arrives as it was given', async (_name, key, payload, options, expected) => {
    const { client, native } = made();
    await client.send('orders', key, payload, options);
    expect(native.crossings).toHaveLength(1);
    expect(native.crossings[0]).toMatchObject([{ topic: 'orders', ...expected }]);
  });

  it('has_no_source_where_none_is_configured', async () => {
    const { settingsValue } = new FakeNative({}, [], () => {});
    const settings = FakeNative.prototype.settings;
    FakeNative.prototype.settings = () => JSON.stringify({ ...settingsValue, sourceSystem: null });
    const { client, native } = made();
    FakeNative.prototype.settings = settings;
    await client.send('orders', 'k', 1);
    expect(native.crossings[0]![0]!.headers).toEqual([]);
    expect(client.sourceSystem).toBe('');
  });

  it('may_have_megabytes_of_payload', async () => {
    const { client, native } = made();
    const payload = 'ü'.repeat(1 << 20);
    await client.send('orders', 'k', payload);
    expect(native.crossings[0]![0]!.value!.equals(Buffer.from(JSON.stringify(payload)))).toBe(true);
  });

  it('may_have_ten_thousand_headers', async () => {
    const { client, native } = made();
    const headers = Array.from({ length: 10_000 }, (_, at): [string, string] => [
      `h${at}`,
      'v'.repeat(at % 50),
    ]);
    await client.send('orders', 'k', 1, { headers });
    expect(native.crossings[0]![0]!.headers).toHaveLength(10_001);
    expect(native.crossings[0]![0]!.headers[10_000]).toEqual(['h9999', Buffer.from('v'.repeat(49))]);
  });
});

describe('bad_arguments_are_refused_and_nothing_is_sent', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  it.each<[string, unknown[], RegExp]>([
    ['no_topic', [undefined, 'k', 1], /topic is undefined/],
    ['an_empty_topic', ['', 'k', 1], /topic is ""/],
    ['no_key', ['t', undefined, 1], /key is undefined, expected a string or null/],
    ['a_number_as_key', ['t', 5, 1], /key is 5/],
    ['a_lone_surrogate_in_the_key', ['t', 'a\ud800', 1], /lone surrogate/],
    ['no_payload', ['t', 'k', undefined], /payload is undefined/],
    ['a_function_as_payload', ['t', 'k', () => 1], /payload is a function/],
    ['a_bigint', ['t', 'k', { a: 1n }], /payload \(an object\) cannot be serialized/],
    ['a_cycle', ['t', 'k', cyclic], /cannot be serialized/],
    ['a_negative_partition', ['t', 'k', 1, { partition: -1 }], /partition is -1/],
    ['half_a_partition', ['t', 'k', 1, { partition: 0.5 }], /partition is 0.5/],
    ['a_time_that_is_none', ['t', 'k', 1, { timestamp: new Date(NaN) }], /timestamp is NaN/],
    ['a_negative_time', ['t', 'k', 1, { timestamp: -1 }], /timestamp is -1/],
    ['the_time_0_which_stands_for_now', ['t', 'k', 1, { timestamp: 0 }], /timestamp is 0/],
    ['text_as_time', ['t', 'k', 1, { timestamp: 'now' }], /timestamp is "now"/],
    ['an_unknown_option', ['t', 'k', 1, { header: {} }], /an option is "header", expected one of signal/],
    ['text_as_options', ['t', 'k', 1, 'x'], /the last argument is "x"/],
    ['a_signal_that_is_none', ['t', 'k', 1, { signal: {} }], /signal is an object/],
    ['text_as_headers', ['t', 'k', 1, { headers: 'x' }], /headers is "x"/],
    ['no_pair', ['t', 'k', 1, { headers: [['a']] }], /an entry of headers is an array/],
    ['a_number_as_header', ['t', 'k', 1, { headers: { a: 1 } }], /the value of header "a" is number/],
  ])('%s', async (_name, args, message) => {
    const { client, native } = made();
    const sending = (client.send as (...all: unknown[]) => Promise<void>).apply(client, args);
    await expect(sending).rejects.toThrow(message);
    await expect(sending).rejects.toBeInstanceOf(SendError);
    await expect(sending).rejects.toMatchObject({ retryable: false });
    await turn();
    expect(native.crossings).toEqual([]);
    await client.send('t', 'k', 1);
    expect(native.crossings).toMatchObject([[{ topic: 't' }]]);
  });

  it('a_payload_that_cannot_be_serialized_is_told_with_its_cause', async () => {
    const { client } = made();
    await expect(client.send('t', 'k', 1n)).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_JSON',
      cause: expect.any(TypeError),
    });
  });
});

describe('crossings', () => {
  it('are_one_for_all_sends_of_a_turn_in_their_order', async () => {
    const { client, native } = made();
    const all = Array.from({ length: 1_000 }, (_, at) => client.send('t', `k${at}`, at));
    expect(native.crossings).toEqual([]);
    await Promise.all(all);
    expect(native.crossings).toHaveLength(1);
    expect(native.crossings[0]!.map(({ value }) => Number(value))).toEqual(
      Array.from({ length: 1_000 }, (_, at) => at),
    );
  });

  it('leave_in_the_same_turn', async () => {
    const { client, native } = made();
    const sending = client.send('t', 'k', 1);
    await Promise.resolve();
    expect(native.crossings).toHaveLength(1);
    await sending;
  });

  it('keep_the_order_of_send_and_sendMany', async () => {
    const { client, native } = made();
    const payloads = (): unknown[] => native.crossings.flat().map(({ value }) => Number(value));
    await Promise.all([
      client.send('t', 'k', 1),
      client.sendMany([2, 3].map((payload) => ({ topic: 't', key: 'k', payload }))),
      client.send('t', 'k', 4),
    ]);
    expect(payloads()).toEqual([1, 2, 3, 4]);
  });

  it('hold_whole_records_when_a_payload_sends_while_it_is_serialized', async () => {
    const { client, native } = made();
    let inner: Promise<void> | undefined;
    const payload = {
      toJSON: () => {
        inner = client.send('t', 'inner', 'inner');
        throw new Error('changed my mind');
      },
    };
    await expect(client.send('t', 'outer', payload)).rejects.toBeInstanceOf(SendError);
    await inner;
    expect(native.crossings).toMatchObject([[{ key: 'inner', value: Buffer.from('"inner"') }]]);
  });

  it('grow_and_shrink_with_what_is_sent', async () => {
    const { client, native } = made();
    const large = new Uint8Array(6 << 20).fill(7);
    await Promise.all([client.send('t', 'a', 1), client.send('t', 'b', large), client.send('t', 'c', 2)]);
    expect(native.crossings.map((records) => records.map(({ key }) => key))).toEqual([['a', 'b'], ['c']]);
    expect(native.crossings[0]![1]!.value!.equals(large)).toBe(true);
  });

  it('that_the_native_side_refuses_fail_their_records_only', async () => {
    const { client, native } = made();
    native.onSend = () => {
      throw new Error(JSON.stringify({ code: 'QUEUE_FULL', message: 'too many records', retryable: true }));
    };
    const refused = await Promise.allSettled([client.send('t', 'a', 1), client.send('t', 'b', 2)]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(refused[0]).toMatchObject({ reason: expect.any(SendError) });
    native.onSend = undefined;
    await client.send('t', 'c', 3);
  });
});

describe('reports', () => {
  it('reject_with_the_code_they_bring', async () => {
    const { client, native } = made();
    native.acknowledges = false;
    const failing = client.send('t', 'a', 1);
    const passing = client.send('t', 'b', 2);
    await turn();
    const [a, b] = native.crossings[0]!;
    const error = { code: 'SEND_TIMEOUT', message: 'not acknowledged after 1000 ms', retryable: true };
    native.sink(1, reports([{ ticket: a!.ticket, error }, { ticket: b!.ticket }, { ticket: 4_000_000_000 }]));
    await passing;
    await expect(failing).rejects.toBeInstanceOf(SendError);
    await expect(failing).rejects.toMatchObject(error);
  });

  it('find_their_record_when_tickets_are_used_again', async () => {
    const { client, native } = made();
    native.acknowledges = false;
    const first = client.send('t', 'a', 1);
    await turn();
    const { ticket } = native.crossings[0]![0]!;
    native.sink(1, reports([{ ticket }]));
    await first;
    const second = client.send('t', 'b', 1);
    await turn();
    expect(native.crossings[1]![0]!.ticket).toBe(ticket);
    const error = { code: 'X', message: 'x' };
    native.sink(1, reports([{ ticket, error }, { ticket }]));
    await expect(second).rejects.toMatchObject({ code: 'X' });
  });
});

describe('abort', () => {
  it('before_the_call_sends_nothing_and_gives_the_reason', async () => {
    const { client, native } = made();
    const reason = new Error('too late');
    await expect(client.send('t', 'k', 1, AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(client.send('t', 'k', 1, { signal: AbortSignal.abort(undefined) })).rejects.toThrow();
    await turn();
    expect(native.crossings).toEqual([]);
  });

  it('under_way_rejects_with_the_reason_and_the_report_finds_nobody', async () => {
    const rejections = watchRejections();
    const { client, native } = made();
    native.acknowledges = false;
    const controller = new AbortController();
    const sending = client.send('t', 'k', 1, controller.signal);
    await turn();
    controller.abort('enough');
    await expect(sending).rejects.toBe('enough');
    native.sink(1, reports([{ ticket: native.crossings[0]![0]!.ticket }]));
    await turn();
    expect(rejections).toEqual([]);
  });

  it('leaves_no_listener_behind_and_raises_no_warning_however_many_share_a_signal', async () => {
    const warnings: unknown[] = [];
    process.on('warning', (warning) => warnings.push(warning));
    const { client } = made();
    const { signal } = new AbortController();
    const all = Array.from({ length: 100 }, (_, at) => client.send('t', 'k', at, signal));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(all);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await expect(client.send('t', 'k', 1n, signal)).rejects.toThrow();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await turn();
    expect(warnings).toEqual([]);
  });
});

describe('sendMany', () => {
  it('gives_each_record_its_result_and_sends_the_good_ones', async () => {
    const { client, native } = made();
    const results = await client.sendMany([
      { topic: 't', key: 'a', payload: 1 },
      { topic: '', key: 'b', payload: 2 },
      { topic: 't', key: 'c', payload: 3, headers: { h: '1' }, partition: 2, timestamp: 9 },
      null as never,
    ]);
    expect(results).toEqual([
      { ok: true, partition: 1, offset: 0 },
      { ok: false, error: expect.any(SendError) },
      { ok: true, partition: 1, offset: 1 },
      { ok: false, error: expect.any(SendError) },
    ]);
    expect(native.crossings).toHaveLength(1);
    expect(native.crossings[0]![1]).toMatchObject({ key: 'c', partition: 2, timestamp: 9 });
  });

  it('never_rejects', async () => {
    const { client, native } = made();
    expect(await client.sendMany([])).toEqual([]);
    expect(await client.sendMany(undefined as never)).toMatchObject([
      { ok: false, error: { code: 'INVALID_ARGUMENT' } },
    ]);
    function* half(): Generator<{ topic: string; key: string; payload: number }> {
      yield { topic: 't', key: 'a', payload: 1 };
      throw new Error('no more');
    }
    expect(await client.sendMany(half())).toMatchObject([{ ok: true }, { ok: false }]);
    native.onSend = () => {
      throw new Error('no');
    };
    expect(await client.sendMany([{ topic: 't', key: 'a', payload: 1 }])).toMatchObject([{ ok: false }]);
    await client[Symbol.asyncDispose]();
    expect(await client.sendMany([{ topic: 't', key: 'a', payload: 1 }])).toMatchObject([
      { ok: false, error: { code: 'CLOSED' } },
    ]);
  });
});

describe('flush', () => {
  it('waits_for_the_reports_of_what_was_sent_before_and_not_after', async () => {
    const { client, native } = made();
    native.acknowledges = false;
    const order: string[] = [];
    void client.send('t', 'a', 1).then(() => order.push('first'));
    const flushing = client.flush().then(() => order.push('flushed'));
    void client.send('t', 'b', 2).then(() => order.push('second'));
    await turn();
    expect(order).toEqual([]);
    native.sink(1, reports([{ ticket: native.crossings[0]![0]!.ticket }]));
    await flushing;
    expect(order).toEqual(['first', 'flushed']);
  });

  it('resolves_with_nothing_to_do_and_rejects_when_it_takes_too_long', async () => {
    const { client, native } = made();
    await client.flush();
    native.onFlush = () => Promise.resolve(false);
    await expect(client.flush()).rejects.toMatchObject({ code: 'FLUSH_TIMEOUT', retryable: true });
  });

  it('is_part_of_closing_which_fails_what_got_no_report', async () => {
    const { client, native } = made();
    native.acknowledges = false;
    native.onFlush = () => Promise.resolve(false);
    const sending = client.send('t', 'a', 1);
    await client[Symbol.asyncDispose]();
    await expect(sending).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
