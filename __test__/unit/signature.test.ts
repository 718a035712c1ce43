import { describe, expect, it } from 'vitest';
import { permanent } from '../../src/index.js';
import { wantsSignal } from '../../src/signature.js';

// Built from text, so that the compiler of the tests changes nothing.
const made = (source: string): ((...args: never[]) => unknown) => new Function(`return (${source})`)();
const method = (source: string, name = 'onMessage'): object => (made(`{ ${source} }`) as any)[name];

describe('a_signal_is_left_out_of', () => {
  it.each([
    ['() => {}'],
    ['c => c'],
    ['async c => c'],
    ['(c, m) => {}'],
    ['async (c, m) => { await m; }'],
    ['function (c, m) {}'],
    ['async function onMessage(c, m) { return [c, m, `(`]; }'],
    ['(c, { key, payload: { id } }) => id'],
    ['(c, [a, b, d]) => a'],
    ['(c, m,) => {}'],
    ['function* (c, m) {}'],
  ])('%s', (source) => {
    expect(wantsSignal(made(source))).toBe(false);
  });

  it.each([
    ['onMessage(c, m) { return m; }'],
    ['async onMessage(c, m) { for (const x of "a, b, c") { x; } }'],
  ])('the method %s', (source) => {
    expect(wantsSignal(method(source))).toBe(false);
  });

  it('a_decorated_method_that_declares_two', () => {
    const decorated = permanent(TypeError)(
      made('function (c, m) {}') as any,
      { kind: 'method' } as any,
    ) as object;
    expect(wantsSignal(decorated)).toBe(false);
  });
});

describe('a_signal_is_given_to', () => {
  it.each([
    ['(c, m, s) => {}'],
    ['async (c, m, s) => {}'],
    ['function (c, m, s) {}'],
    ['(...all) => {}'],
    ['(c, ...rest) => {}'],
    ['(c, m = 1) => {}'],
    ['(c, m, s = null) => {}'],
    ['(c, { key = 1 }) => {}'],
    ['function (c, m) { return arguments[2]; }'],
    ['function (c) { return () => arguments; }'],
    ['function (c, m) { return eval("argu" + "ments[2]"); }'],
    ['function (c, m) { return \\u0061rguments[2]; }'],
    ['(c, m /* , s */) => {}'],
    ['function (c, /* ) */ m, s) {}'],
    ['(c, m // )\n, s) => {}'],
    ['class { constructor(c) {} }'],
  ])('%s', (source) => {
    expect(wantsSignal(made(source))).toBe(true);
  });

  it('a_method_with_a_computed_name', () => {
    expect(wantsSignal(method('["on(c)"](c, m, s) {}', 'on(c)'))).toBe(true);
  });

  it('bound_native_and_proxied_functions', () => {
    const two = made('function (c, m) {}');
    expect(wantsSignal(two.bind(null))).toBe(true);
    expect(wantsSignal(Array.prototype.push)).toBe(true);
    expect(wantsSignal(new Proxy(two, {}))).toBe(true);
  });

  it('a_function_that_lies_about_its_length', () => {
    const three = made('(c, m, s) => {}');
    Object.defineProperty(three, 'length', { value: 1 });
    expect(wantsSignal(three)).toBe(true);
  });

  it('a_decorated_method_that_declares_three', () => {
    const decorated = permanent(TypeError)(
      made('function (c, m, s) {}') as any,
      { kind: 'method' } as any,
    ) as object;
    expect(wantsSignal(decorated)).toBe(true);
  });
});
