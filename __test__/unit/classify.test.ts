import { describe, expect, it } from 'vitest';
import { classify, MAX_TEXT_BYTES } from '../../src/classify.js';
import { PayloadError, PermanentError, SendError, TransientError } from '../../src/index.js';

const judged = (thrown: unknown): { code: number; text: string; retryAfterMs?: number } => {
  const { code, text } = classify(thrown);
  return { code, ...JSON.parse(text) };
};
const otherCopy = (brand: string): Error => {
  class PermanentError extends Error {}
  Object.defineProperty(PermanentError.prototype, Symbol.for(brand), { value: true });
  return new PermanentError('other');
};
const hostile = new Proxy({}, { get: () => { throw new Error('no'); }, has: () => { throw new Error('no'); } }); // prettier-ignore
const cyclic = new Error('outer');
cyclic.cause = cyclic;

describe('permanent', () => {
  it.each<[string, unknown]>([
    ['a_PermanentError', new PermanentError('x')],
    ['a_subclass_of_it', new (class Mine extends PermanentError {})('x')],
    ['a_PayloadError', new PayloadError('x')],
    ['a_PermanentError_of_another_copy', otherCopy('@prosody-events/prosody/permanent')],
    ['marked_isPermanent', Object.assign(new Error('x'), { isPermanent: true })],
    ['marked_permanent', { permanent: true }],
    ['frozen', Object.freeze(new PermanentError('x'))],
    ['with_a_message_that_throws', Object.defineProperty(new PermanentError('x'), 'message', { get: () => { throw new Error(); } })], // prettier-ignore
  ])('%s', (_name, thrown) => {
    expect(judged(thrown).code).toBe(2);
  });
});

describe('transient', () => {
  it.each<[string, unknown, string]>([
    ['an_Error', new Error('x'), 'Error: x'],
    ['a_TypeError', new TypeError('x'), 'TypeError: x'],
    ['a_TransientError', new TransientError('x'), 'TransientError: x'],
    ['a_SendError_that_is_not_retryable', new SendError('x'), 'SendError: x'],
    ['undefined', undefined, 'undefined was thrown'],
    ['null', null, 'null was thrown'],
    ['a_number', 7, '7 was thrown'],
    ['a_bigint', 7n, '7 was thrown'],
    ['a_symbol', Symbol('s'), 'Symbol(s) was thrown'],
    ['a_string', 'boom', 'boom'],
    ['a_function', () => 1, 'a function was thrown'],
    ['an_object', { a: 1 }, 'an object without a message was thrown'],
    ['a_bare_object', Object.create(null), 'an object without a message was thrown'],
    ['an_object_whose_message_is_none', { message: {} }, 'an object without a message was thrown'],
    ['frozen', Object.freeze(new Error('x')), 'Error: x'],
    ['marked_with_something_truthy', Object.assign(new Error('x'), { permanent: 1 }), 'Error: x'],
    ['with_a_cause', new Error('x', { cause: new RangeError('y') }), 'Error: x (caused by RangeError: y)'],
    ['hostile', hostile, 'a value that cannot be read was thrown'],
    ['without_a_message', new Error(), 'Error'],
  ])('%s', (_name, thrown, text) => {
    expect(judged(thrown)).toEqual({ code: 1, text });
  });

  it('cyclic_ends', () => {
    expect(judged(cyclic).text.match(/outer/g)).toHaveLength(5);
  });
});

describe('text', () => {
  it.each([
    ['ASCII', 'x'.repeat(10 << 20)],
    ['of_wide_characters', '鍵🔑'.repeat(1 << 20)],
    ['of_lone_surrogates', '\ud800'.repeat(1 << 16)],
  ])('is_bounded_and_valid: %s', (_name, long) => {
    for (const thrown of [
      long,
      new Error(long),
      Object.assign(new Error('x'), { name: long }),
      new Error('x', { cause: new Error(long) }),
    ]) {
      const { text } = judged(thrown);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_TEXT_BYTES);
      expect((text as any).isWellFormed()).toBe(true);
    }
  });

  it('is_not_cut_where_it_fits', () => {
    expect(judged('x'.repeat(MAX_TEXT_BYTES)).text).toHaveLength(MAX_TEXT_BYTES);
    expect(judged('x'.repeat(MAX_TEXT_BYTES + 1)).text.endsWith('…')).toBe(true);
  });

  it('holds_no_lone_surrogate_which_no_JSON_reader_takes', () => {
    expect(classify('a\ud800b').text).toBe('{"text":"a\ufffdb"}');
  });
});

describe('retryAfterMs', () => {
  it.each([
    [1500, 1500],
    [0.2, 1],
    [0, undefined],
    [-5, undefined],
    [NaN, undefined],
    [Infinity, undefined],
    ['9' as never, undefined],
  ])('%s_is_told_as_%s', (given, told) => {
    expect(judged(new TransientError('x', { retryAfterMs: given })).retryAfterMs).toBe(told);
  });

  it('is_not_told_of_errors_of_other_kinds', () => {
    expect(judged(Object.assign(new Error('x'), { retryAfterMs: 5 })).retryAfterMs).toBeUndefined();
  });
});
