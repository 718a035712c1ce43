import { describe, expect, it } from 'vitest';
import { type Message, PayloadError, type SendHeaders } from '../../src/index.js';
import { collect, mockClient, until, withMockBroker } from './support.js';

withMockBroker();

/** Sends records, waits until all have been handled, and gives the messages in the order of the records. */
async function roundTrip(
  records: { key?: string | null; payload?: unknown; headers?: SendHeaders; timestamp?: number | Date }[],
): Promise<Message[]> {
  const client = mockClient({ maxBufferedBytes: 256 * 1024 * 1024 });
  const messages = await collect(client);
  const results = await client.sendMany(
    records.map((record) => ({ topic: 'topic', key: 'key', payload: 1, ...record })),
  );
  for (const result of results) if (!result.ok) throw result.error;
  await until(() => messages.length === records.length, `${records.length} messages`);
  return results.map((result) => {
    if (!result.ok) throw result.error;
    const found = messages.filter(
      ({ partition, offset }) => partition === result.partition && offset === result.offset,
    );
    expect(found).toHaveLength(1);
    return found[0]!;
  });
}

describe('keys', () => {
  it('arrive_exactly_as_they_were_sent', async () => {
    const keys = [
      ...[
        '',
        '\0',
        'a\0b',
        'a\nb',
        '\u001b[31mred',
        '__proto__',
        'constructor',
        '\u00e9',
        'e\u0301',
        ' ',
        '\ufeff',
      ],
      ...['\ufffd', '😀', '٣', 'k'.repeat(64 * 1024), '€'.repeat(300_000)],
    ];
    const messages = await roundTrip([{ key: null }, ...keys.map((key) => ({ key }))]);
    expect(messages[0]).toMatchObject({ key: null, rawKey: null });
    messages.slice(1).forEach((message, at) => {
      expect(message.key === keys[at]).toBe(true);
      expect(Buffer.from(message.rawKey!).equals(Buffer.from(keys[at]!))).toBe(true);
    });
  });

  it('that_differ_by_normalization_are_two', async () => {
    const client = mockClient();
    let open = 0;
    let most = 0;
    await client.subscribe({
      async onMessage() {
        most = Math.max(most, ++open);
        await until(() => most === 2, 'both keys run at once');
        open -= 1;
      },
    });
    await client.sendMany(
      ['\u00e9', 'e\u0301'].map((key) => ({ topic: 'topic', key, payload: 1, partition: 0 })),
    );
    await until(() => most === 2 && open === 0, 'both ended');
  });

  it('with_a_lone_surrogate_are_refused', async () => {
    await expect(mockClient().send('topic', 'a\ud800', 1)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('values', () => {
  it('of_JSON_come_back_equal', async () => {
    const values = [
      ...[0, -0.5, 1e308, true, false, '', 'text', [], {}, [null], { a: { b: [1, '2', null] } }],
      ...[
        'lone \ud800 surrogate',
        '\u2028',
        'x'.repeat(24),
        'x'.repeat(25),
        'é'.repeat(30),
        'x'.repeat(900_000),
      ],
    ];
    const messages = await roundTrip(values.map((payload) => ({ payload })));
    expect(messages.map(({ payload }) => payload)).toEqual(values);
  });

  it('of_bytes_come_back_as_they_are', async () => {
    const values = [Buffer.alloc(0), Buffer.from([0xff, 0, 0xfe]), Buffer.alloc(999_000, 'x')];
    const messages = await roundTrip(values.map((payload) => ({ payload })));
    messages.forEach(({ rawPayload }, at) => expect(values[at]!.equals(rawPayload!)).toBe(true));
  });

  it('over_the_limit_of_a_record_are_refused_and_the_next_ones_go_on', async () => {
    const client = mockClient();
    const messages = await collect(client);
    for (const bytes of [1024 * 1024, 10 * 1024 * 1024]) {
      const refused = client.send('topic', 'key', Buffer.alloc(bytes, 'x'));
      await expect(refused).rejects.toMatchObject({ name: 'SendError', retryable: false });
    }
    await client.send('topic', 'key', 'good');
    await until(() => messages.length === 1, 'the good one');
  });

  it('of_null_are_tombstones_and_an_empty_value_is_none', async () => {
    const [tombstone, empty, word] = await roundTrip([
      { payload: null },
      { payload: new Uint8Array() },
      { payload: Buffer.from('null') },
    ]);
    expect(tombstone).toMatchObject({ payload: null, rawPayload: null });
    expect(empty!.rawPayload).toEqual(new Uint8Array());
    expect(() => empty!.payload).toThrow(PayloadError);
    expect(word!.payload).toBeNull();
    expect(word!.rawPayload).not.toBeNull();
  });

  it('that_are_no_JSON_throw_at_the_payload_and_nowhere_else', async () => {
    const bad = ['{', '{"a":1', 'nul', "{'a':1}", '\ufeff{}', '{"a":1}x', 'NaN'].map((text) =>
      Buffer.from(text),
    );
    bad.push(Buffer.from([0x22, 0xff, 0x22]));
    const messages = await roundTrip(bad.map((payload) => ({ payload })));
    messages.forEach((message, at) => {
      expect(() => message.payload).toThrow(PayloadError);
      expect(bad[at]!.equals(message.rawPayload!)).toBe(true);
    });
  });

  it('are_read_as_V8_reads_them', async () => {
    const texts = ['{"a":1,"a":2}', '{"__proto__":{"polluted":1}}', '9007199254740993', '"\\ud800"'];
    const [twice, proto, large, surrogate] = await roundTrip(
      texts.map((text) => ({ payload: Buffer.from(text) })),
    );
    expect(twice!.payload).toEqual({ a: 2 });
    expect(Object.hasOwn(proto!.payload as object, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(large!.payload).toBe(9007199254740992);
    expect(surrogate!.payload).toBe('\ud800');
  });

  it('that_JSON_cannot_hold_are_refused_and_nothing_is_sent', async () => {
    const client = mockClient();
    const messages = await collect(client);
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    for (const payload of [undefined, () => {}, Symbol('s'), 1n, cyclic]) {
      await expect(client.send('topic', 'key', payload)).rejects.toMatchObject({ name: 'SendError' });
    }
    await client.send('topic', 'key', 'good');
    await until(() => messages.length === 1, 'the good one');
    expect(messages[0]!.payload).toBe('good');
  });
});

describe('headers', () => {
  it('keep_order_duplicates_null_and_bytes', async () => {
    const headers: [string, string | Uint8Array | null][] = [
      ['b', '1'],
      ['a', null],
      ['b', ''],
      ['', 'unnamed'],
      ['traceparent', 'not one'],
      ['raw', Buffer.from([0xff, 0xfe])],
      ['b', '2'],
    ];
    const [message] = await roundTrip([{ headers }]);
    const expected = headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)]);
    const raw = message!.headers.raw.map(([name, value]) => [name, value && Buffer.from(value)]);
    expect(raw).toEqual([['source-system', Buffer.from('tests')], ...expected]);
    expect(message!.headers.getAll('b')).toEqual(['1', '', '2']);
    expect([message!.headers.get('b'), message!.headers.get('a'), message!.headers.get('none')]).toEqual([
      '2',
      null,
      undefined,
    ]);
  });

  it('go_with_a_record_that_has_neither_key_nor_value', async () => {
    const [bare] = await roundTrip([{ key: null, payload: null, headers: { a: '1', b: null } }]);
    expect(bare).toMatchObject({ key: null, payload: null });
    expect([...bare!.headers].slice(1)).toEqual([
      ['a', '1'],
      ['b', null],
    ]);
  });

  it('may_be_ten_thousand', async () => {
    const headers = Array.from({ length: 10_000 }, (_, n) => [`name${n % 100}`, String(n)] as const);
    const [message] = await roundTrip([{ headers }]);
    expect(message!.headers.size).toBe(10_001);
    expect(message!.headers.getAll('name7')).toHaveLength(100);
    expect(message!.headers.get('name99')).toBe('9999');
  });

  it('forged_as_our_own_are_left_out', async () => {
    const [message] = await roundTrip([{ headers: { 'source-system': 'somebody', other: 'x' } }]);
    expect([...message!.headers]).toEqual([
      ['source-system', 'tests'],
      ['other', 'x'],
    ]);
  });
});

it('timestamps_are_exact_to_the_end_of_Date', async () => {
  const times = [1, 1_700_000_000_123, 8.64e15];
  const messages = await roundTrip(times.map((timestamp) => ({ timestamp })));
  expect(messages.map(({ timestamp }) => timestamp.getTime())).toEqual(times);
  const [now] = await roundTrip([{}]);
  expect(Math.abs(now!.timestamp.getTime() - Date.now())).toBeLessThan(5_000);
  for (const timestamp of [0, -1, NaN, Infinity, 0.5, 8.64e15 + 1, new Date(NaN), '1' as never]) {
    await expect(mockClient().send('topic', 'key', 1, { timestamp })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  }
});

it('a_kept_message_stays_as_it_was_while_others_come', async () => {
  const client = mockClient();
  const messages = await collect(client);
  const payloads = Array.from({ length: 5_000 }, (_, n) => ({ n, text: 'x'.repeat(n % 300) }));
  await client.sendMany(payloads.map((payload) => ({ topic: 'topic', key: 'one', payload })));
  await until(() => messages.length === payloads.length, 'all messages');
  expect(messages.map(({ payload }) => payload)).toEqual(payloads);
});
