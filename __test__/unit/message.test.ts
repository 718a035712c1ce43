import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Message, PayloadError, PermanentError } from '../../src/index.js';
import { SlabMessage } from '../../src/message.js';
import { Slab } from '../../src/slab.js';
import { slab, type MessageRow } from './fake-native.js';

function message(row: MessageRow): Message<any> {
  const read = new Slab(slab([{ kind: 'message', ...row }]));
  return new SlabMessage<any>(read, 2, { topic: 'orders', partition: 7 });
}

describe('keys', () => {
  it.each([
    ['empty', ''],
    ['NUL_and_newline', 'a\0b\n\x1b[31m'],
    ['__proto__', '__proto__'],
    ['a_byte_order_mark', '\ufeffkey'],
    ['longer_than_a_short_text', 'x'.repeat(300)],
    ['beyond_ASCII', 'Ключ 🔑 鍵'],
    ['beyond_ASCII_and_long', '鍵'.repeat(100)],
  ])('are_exact: %s', (_name, key) => {
    expect(message({ key }).key).toBe(key);
    expect(Buffer.from(message({ key }).rawKey!)).toEqual(Buffer.from(key));
  });

  it('are_null_where_there_is_none', () => {
    expect(message({ key: null }).key).toBeNull();
    expect(message({ key: null }).rawKey).toBeNull();
  });

  it('keep_composed_and_decomposed_letters_apart', () => {
    expect(message({ key: '\u00e9' }).key).not.toBe(message({ key: 'e\u0301' }).key);
  });

  it('that_are_no_text_can_be_read_as_bytes', () => {
    const key = Buffer.from([0x61, 0xff]);
    expect(message({ key }).key).toBe('a\ufffd');
    expect(Buffer.from(message({ key }).rawKey!)).toEqual(key);
  });

  it('of_a_mebibyte_are_exact', () => {
    const key = 'k'.repeat(1 << 20);
    expect(message({ key }).key).toBe(key);
  });
});

describe('values', () => {
  it('are_parsed_once', () => {
    const one = message({ value: '{"a":[1,"ü",null]}' });
    expect(one.payload).toEqual({ a: [1, 'ü', null] });
    expect(one.payload).toBe(one.payload);
  });

  it.each([['null'], ['0'], ['false'], ['""'], [' [] ']])('may_be_the_JSON_%s', (value) => {
    expect(message({ value }).payload).toEqual(JSON.parse(value));
  });

  it('are_null_for_a_tombstone', () => {
    expect(message({ value: null }).payload).toBeNull();
    expect(message({ value: null }).rawPayload).toBeNull();
  });

  it.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['cut', '{"card":"4111-1111'],
    ['no_JSON', 'card 4111-1111'],
    ['with_a_byte_order_mark', '\ufeff{"card":"4111-1111"}'],
    [
      'with_invalid_UTF-8',
      Buffer.concat([Buffer.from('{"card":"4111-1111'), Buffer.from([0xff, 0x22, 0x7d])]),
    ],
    ['with_a_lone_surrogate_in_its_bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('that_are_%s_throw_a_permanent_error_that_quotes_nothing', (_name, value) => {
    const bad = message({ value, offset: 42 });
    let error: unknown;
    try {
      void bad.payload;
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(PayloadError);
    expect(error).toBeInstanceOf(PermanentError);
    expect((error as Error).message).toContain('message 42 of orders/7');
    expect(inspect(error)).not.toContain('4111');
    expect(Buffer.from(bad.rawPayload!)).toEqual(Buffer.from(value));
    expect(() => JSON.stringify(bad)).toThrow(PayloadError);
  });

  it('keep_a_replacement_character_that_the_sender_wrote', () => {
    expect(message({ value: '"\ufffd"' }).payload).toBe('\ufffd');
  });

  it('keep_an_escaped_lone_surrogate', () => {
    expect(message({ value: '"\\ud800"' }).payload).toBe('\ud800');
  });

  it('take_the_last_of_duplicate_members', () => {
    expect(message({ value: '{"a":1,"a":2}' }).payload).toEqual({ a: 2 });
  });

  it('never_pollute_a_prototype', () => {
    const { payload } = message({ value: '{"__proto__":{"polluted":true},"a":1}' });
    expect(({} as any).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(Object.keys(payload)).toEqual(['__proto__', 'a']);
  });

  it('beyond_exact_numbers_can_be_read_as_bytes', () => {
    const large = message({ value: '9007199254740993' });
    expect(large.payload).toBe(9007199254740992);
    expect(Buffer.from(large.rawPayload!).toString()).toBe('9007199254740993');
  });

  it('of_ten_mebibytes_are_read', () => {
    expect(message({ value: JSON.stringify('x'.repeat(10 << 20)) }).payload).toHaveLength(10 << 20);
  });

  it('give_bytes_that_nobody_can_take_away', () => {
    const one = message({ value: '{"a":1}' });
    const { buffer } = one.rawPayload!;
    try {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }); // Node 20 copies, later ones throw
    } catch (error) {
      expect(error).toHaveProperty('name', 'DataCloneError');
    }
    expect(one.payload).toEqual({ a: 1 });
  });
});

describe('headers', () => {
  it('keep_duplicates_in_order_and_give_the_last', () => {
    const { headers } = message({
      headers: [
        ['a', '1'],
        ['b', null],
        ['a', '2'],
        ['', ''],
      ],
    });
    expect(headers.get('a')).toBe('2');
    expect(headers.getAll('a')).toEqual(['1', '2']);
    expect(headers.get('b')).toBeNull();
    expect(headers.get('')).toBe('');
    expect(headers.get('none')).toBeUndefined();
    expect(headers.getAll('none')).toEqual([]);
    expect([...headers]).toEqual([
      ['a', '1'],
      ['b', null],
      ['a', '2'],
      ['', ''],
    ]);
    expect(headers.size).toBe(4);
  });

  it('give_bytes_that_are_no_text', () => {
    const { headers } = message({ headers: [['trace', Buffer.from([0xff, 0x00])]] });
    expect(headers.get('trace')).toBe('\ufffd\0');
    expect(headers.raw).toEqual([['trace', new Uint8Array([0xff, 0x00])]]);
  });

  it('are_empty_where_there_are_none', () => {
    expect([...message({}).headers]).toEqual([]);
  });

  it('may_be_ten_thousand', () => {
    const all = Array.from({ length: 10_000 }, (_, at): [string, string] => [`h${at}`, `v${at}`]);
    const { headers } = message({ headers: all });
    expect(headers.size).toBe(10_000);
    expect(headers.get('h9999')).toBe('v9999');
    expect([...headers]).toEqual(all);
  });

  it('named_like_the_prototype_are_plain_names', () => {
    expect(message({ headers: [['__proto__', 'x']] }).headers.get('__proto__')).toBe('x');
    expect(message({ headers: [] }).headers.get('constructor')).toBeUndefined();
  });
});

describe('the_rest_of_a_message', () => {
  it.each([
    [0, 0],
    [1_700_000_000_123, 1_700_000_000_123],
    [-1, NaN],
    [8.64e15 + 1, NaN],
  ])('timestamp_%d_reads_as_%d', (timestamp, time) => {
    expect(message({ timestamp }).timestamp.getTime()).toBe(time);
  });

  it('offsets_are_exact_up_to_2_to_the_53', () => {
    expect(message({ offset: Number.MAX_SAFE_INTEGER }).offset).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('reads_well_as_JSON', () => {
    const one = message({ key: 'k', value: '{"a":1}', offset: 5, timestamp: 0, attempt: 3 });
    expect(one.attempt).toBe(3);
    expect(JSON.parse(JSON.stringify(one))).toEqual({
      topic: 'orders',
      partition: 7,
      offset: 5,
      timestamp: '1970-01-01T00:00:00.000Z',
      key: 'k',
      payload: { a: 1 },
    });
    expect(() => JSON.stringify(message({ timestamp: -1 }))).not.toThrow();
  });

  it('shows_neither_payload_nor_headers_when_inspected', () => {
    const shown = inspect(message({ value: '"secret"', headers: [['authorization', 'secret']] }));
    expect(shown).toContain("topic: 'orders'");
    expect(shown).toContain('8 bytes');
    expect(shown).not.toContain('secret');
  });

  it('works_behind_a_proxy_and_as_a_prototype', () => {
    const one = message({ key: 'k' });
    expect(new Proxy(one, {}).key).toBe('k');
    expect(Object.create(one).key).toBe('k');
  });

  it('is_refused_from_a_slab_of_another_version_or_one_that_is_too_short', () => {
    expect(() => new Slab(slab([], 2))).toThrow('slab version 2');
    expect(() => new Slab(slab([{ kind: 'message' }]).slice(0, 16))).toThrow('cannot hold 1 rows');
    expect(() => new Slab(new ArrayBuffer(0))).toThrow('slab version');
  });
});
