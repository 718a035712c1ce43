// One story, told to the mock broker and to a real Kafka: what the handlers get to see must be the same.

/** What the handler of one message does. */
export interface Plan {
  /** So many attempts fail before one succeeds. */
  failures?: number;
  /** Every attempt fails for good. */
  permanent?: boolean;
}

export type Step =
  | { do: 'send'; key: string | null; plans: (Plan | 'tombstone' | 'no JSON')[] }
  /** Waits until everything sent so far has succeeded or was disposed of, and is committed. */
  | { do: 'settle' }
  | { do: 'unsubscribe' }
  | { do: 'subscribe' };

const ok: Plan = {};

export const STORY: Step[] = [
  { do: 'send', key: 'before', plans: [ok, ok, ok] },
  { do: 'subscribe' },
  { do: 'send', key: 'plain', plans: [ok, ok, ok, ok] },
  { do: 'send', key: 'flaky', plans: [ok, { failures: 2 }, ok, { failures: 1 }] },
  { do: 'send', key: 'bad', plans: [ok, { permanent: true }, ok, 'no JSON', ok] },
  { do: 'send', key: 'gone', plans: [ok, 'tombstone', ok] },
  { do: 'send', key: '', plans: [ok, ok] },
  { do: 'send', key: '__proto__', plans: [ok, { failures: 1 }] },
  { do: 'send', key: null, plans: [ok, { failures: 1 }, ok, { permanent: true }] },
  { do: 'settle' },
  { do: 'unsubscribe' },
  { do: 'send', key: 'plain', plans: [ok, { failures: 1 }] },
  { do: 'send', key: 'while-away', plans: [{ failures: 1 }, ok] },
  { do: 'subscribe' },
  { do: 'settle' },
  { do: 'send', key: 'flaky', plans: [ok] },
  { do: 'settle' },
];

/** What the handlers see of each key, in order: number of the message, attempt, what became of it. */
export const HISTORIES: Record<string, string[]> = {
  before: ['0/1 ok', '1/1 ok', '2/1 ok'],
  plain: ['0/1 ok', '1/1 ok', '2/1 ok', '3/1 ok', '4/1 ok', '5/1 failed', '5/2 ok'],
  flaky: ['0/1 ok', '1/1 failed', '1/2 failed', '1/3 ok', '2/1 ok', '3/1 failed', '3/2 ok', '4/1 ok'],
  bad: ['0/1 ok', '1/1 permanent', '2/1 ok', '3/1 no JSON', '4/1 ok'],
  gone: ['0/1 ok', '1/1 tombstone', '2/1 ok'],
  '': ['0/1 ok', '1/1 ok'],
  ['__proto__']: ['0/1 ok', '1/1 failed', '1/2 ok'],
  'while-away': ['0/1 failed', '0/2 ok', '1/1 ok'],
};

/** Messages without a key have no order among themselves. */
export const KEYLESS = ['0/1 ok', '1/1 failed', '1/2 ok', '2/1 ok', '3/1 permanent'];
