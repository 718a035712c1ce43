import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FAULTS, program } from './support.js';

const bindings = join(import.meta.dirname, '../../bindings/src');

it('wrong_shapes_throw_and_never_end_the_process', async () => {
  const { code, signal, out, err } = await program('raw-shapes');
  expect(out).toMatch(/^1\d\d calls, 0 wrong$/m);
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(err).not.toMatch(FAULTS);
});

it('a_native_client_may_be_closed_twice_used_after_that_and_dropped_while_it_runs', async () => {
  const { code, signal, out, err } = await program('raw-ends', [], { nodeArgs: ['--expose-gc'] });
  expect({ code, signal, out }).toEqual({
    code: 0,
    signal: null,
    out: 'closed 1 0 false\n10 of 10 dropped while they ran\n',
  });
  expect(err).not.toMatch(FAULTS);
});

// A panic in an export without the guard aborts the process, and nothing but this says that one was forgotten.
it('every_export_of_the_addon_catches_panics', () => {
  const files = readdirSync(bindings).filter((name) => name.endsWith('.rs'));
  const methods = files.flatMap((name) => {
    const text = readFileSync(join(bindings, name), 'utf8');
    return [...text.matchAll(/#\[napi(\([^)]*\))?\]\s*(?:\/\/\/.*\s*)*pub fn (\w+)/g)].map((found) => ({
      method: `${name} ${found[2] ?? ''}`,
      guarded: (found[1] ?? '').includes('catch_unwind'),
    }));
  });
  expect(methods.length).toBeGreaterThan(10);
  expect(methods.filter(({ guarded }) => !guarded)).toEqual([]);
});

it('a_panic_can_be_caught_in_every_profile', () => {
  const manifest = readFileSync(join(bindings, '../../Cargo.toml'), 'utf8');
  expect(manifest).not.toMatch(/panic\s*=\s*"abort"/);
});
