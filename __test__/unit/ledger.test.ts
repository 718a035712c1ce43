import { expect, it } from 'vitest';
import { handler, Ledger, quantile, spread } from '../../bench/quality/rig.mjs';

const PLAN = { handlerMs: 0, fails: () => false, onSuccess: undefined };

/** Plays calls: `a0` starts message 0 of key a, `a0!` fails it, `a0.` ends it. */
function judged(...steps: string[]): string[] {
  const ledger = new Ledger();
  for (const step of steps) {
    const [key, seq, end] = [step[0]!, Number(step[1]), step[2]];
    if (end === '!') ledger.failure(key);
    else if (end === '.') ledger.success(key, seq);
    else ledger.start(key, seq);
  }
  return ledger.violations as string[];
}

it.each<[string, string[], RegExp | undefined]>([
  ['one after the other', ['a0', 'a0.', 'a1', 'a1.'], undefined],
  ['a failure and its retry beside another key', ['a0', 'a0!', 'b0', 'a0', 'a0.', 'b0.'], undefined],
  ['a later one before the first has succeeded', ['a0', 'a0!', 'a1'], /ORDER a\/1/],
  ['one that has succeeded already', ['a0', 'a0.', 'a0'], /ORDER a\/0/],
  ['two at once', ['a0', 'a0'], /OVERLAP a\/0/],
  ['a gap', ['a0', 'a0.', 'a2'], /ORDER a\/2/],
])('the ledger judges %s', (_what, steps, blame) => {
  const violations = judged(...steps);
  if (blame) expect(violations.join()).toMatch(blame);
  else expect(violations).toEqual([]);
});

it('the handler of the rows throws where it is told to, and counts', async () => {
  const ledger = new Ledger();
  const message = (seq: number): unknown => ({ key: 'k', payload: { seq } });
  const { onMessage } = handler(ledger, { ...PLAN, fails: () => ledger.failed === 0 });
  await expect(onMessage(undefined, message(0))).rejects.toThrow('as planned');
  await onMessage(undefined, message(0));
  await onMessage(undefined, message(1));
  expect([ledger.starts, ledger.failed, ledger.succeeded, ledger.done('k')]).toEqual([3, 1, 2, 2]);
});

it('figures are medians with their range', () => {
  expect(spread([3, 1, 2])).toBe('2.00 (1.00–3.00)');
  expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
});
