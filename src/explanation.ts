import type { ConsumerState } from './mode.js';

/** How much of something is used up. */
export interface Use {
  readonly used: number;
  readonly limit: number;
}

/**
 * What can hold a partition:
 *
 * - `maxUncommitted`, `maxBufferedBytes`: that option's bound is reached, for all partitions of the client.
 * - `completionMap`: with one more record, the list of finished offsets might not fit its commit.
 * - `recordsInHand`: too many records wait behind slow keys.
 * - `maxConcurrency`: as many handler calls run as may. This holds back what is in hand, not reading.
 * - `stopped`: by an error; `subscribe` again once its cause is gone.
 * - `leaving`, `draining`: the partition, or the client, is being given up.
 */
export type Bound =
  | 'maxUncommitted'
  | 'maxBufferedBytes'
  | 'completionMap'
  | 'recordsInHand'
  | 'maxConcurrency'
  | 'stopped'
  | 'leaving'
  | 'draining';

/** What keeps a partition from being read on. */
export interface Hold {
  readonly bound: Bound;
  /** How much of the bound is used up, in its own unit: records, bytes, units of commit metadata, calls. */
  readonly used: number | null;
  readonly limit: number | null;
  /** When it ends, of `leaving` and `draining`. */
  readonly until: Date | null;
  /** The error that stopped the partition. */
  readonly error: string | null;
}

/**
 * What a record waits for: a free slot (`queued`), a call of its key that an earlier assignment has left behind
 * (`earlierCall`), its handler (`running`), the acknowledgement of its dead letter (`deadLetter`), its value, which was given
 * up to save memory and is read again (`rereading`), `message.commit()` (`unmarked`), or an instant (`parked`).
 */
export type Stage = 'queued' | 'earlierCall' | 'running' | 'deadLetter' | 'rereading' | 'unmarked' | 'parked';

/**
 * Why a key is parked: it failed and is tried again in place (`retryInPlace`) or is deferred (`deferred`), its dead letter
 * could not be sent (`deadLetter`), it has used more than its share of the time (`monopolized`), another record with its id is
 * under way (`twin`), or it could not be read again (`reread`).
 */
export type ParkedReason = 'retryInPlace' | 'deferred' | 'deadLetter' | 'monopolized' | 'twin' | 'reread';

/** A record in hand. */
export interface RecordExplanation {
  readonly offset: number;
  /** Bytes that are no UTF-8 are written as `\xff`; a key over 1 KiB is cut, with its length and a digest behind it. */
  readonly key: string | null;
  readonly stage: Stage;
  /** Why it is parked. */
  readonly reason: ParkedReason | null;
  /** Since when it runs, or is queued. */
  readonly since: Date | null;
  /** When its next attempt is due, or its dead letter is sent again; `null` also for an instant that never comes. */
  readonly until: Date | null;
  /** Handler calls so far, in this process. */
  readonly attempts: number;
  /** Since its first call was started; before that, since it was admitted. */
  readonly ageMs: number;
  /** What its last attempt failed with, or sending its dead letter; the first KiB. */
  readonly error: string | null;
  /** Records of its key that wait behind it. */
  readonly behind: number;
}

/** A key that waits for an instant, as its first record. */
export interface ParkedKey extends RecordExplanation {
  readonly topic: string;
  readonly partition: number;
}

/** One partition. */
export interface PartitionExplanation {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that is not finished: what is committed. `null` before the first record of a new group. */
  readonly firstUnfinished: number | null;
  /** The record there, which holds the committed offset back; `null` if none is in hand. */
  readonly blocking: RecordExplanation | null;
  /** Records in hand that are not finished. */
  readonly unfinished: number;
  /** Finished offsets above the first unfinished one; they do not run again after a restart. */
  readonly finishedAbove: number;
  /** Records read for which there is no room. */
  readonly backlog: number;
  /** Units of commit metadata that the list of finished offsets may come to need, and those there are. */
  readonly completionMap: Use;
  /** What keeps it from being read on; `null` if nothing does. */
  readonly held: Hold | null;
}

/** How much of each budget of the client is used up. */
export interface Budgets {
  /** Handler calls that run. */
  readonly maxConcurrency: Use;
  /** Records admitted and not yet running, those of parked keys aside. */
  readonly maxUncommitted: Use;
  /** Key, value and header bytes in hand. */
  readonly maxBufferedBytes: Use;
  /** Records that wait and do not count against `maxUncommitted`. */
  readonly recordsInHand: Use;
  /** All records in hand, running and waiting. */
  readonly records: number;
  /** Keys that have records in hand. */
  readonly keys: number;
  /** Keys that could start if a slot were free. */
  readonly readyKeys: number;
}

/** What holds each partition, and which keys wait: why, and until when. */
export interface Explanation {
  /** The moment of which all this is true. */
  readonly at: Date;
  readonly state: ConsumerState;
  /** The consumer was at work for longer than is waited for, and the lists are empty: ask again. */
  readonly busy: boolean;
  readonly partitions: readonly PartitionExplanation[];
  /** The hundred keys that have been in trouble for longest, by the age of their first record. */
  readonly parked: readonly ParkedKey[];
  /** How many keys are parked in all. */
  readonly parkedCount: number;
  readonly budgets: Budgets;
}

/** Parked keys that are listed. */
export const PARKED_LISTED = 100;

const INSTANTS: ReadonlySet<string> = new Set(['at', 'since', 'until']);

/** Reads an explanation as the native side writes it. */
export function readExplanation(json: string): Explanation {
  const revive = (name: string, value: unknown): unknown =>
    INSTANTS.has(name) && typeof value === 'string' ? new Date(value) : value;
  return JSON.parse(json, revive) as Explanation;
}
