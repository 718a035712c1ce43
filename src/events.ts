import type { ProsodyError } from './errors.js';
import type { Bound } from './explanation.js';
import { log } from './logger.js';
import { errorOfFault } from './native-errors.js';
import { show } from './text.js';

/** Partitions that came or went. */
export interface PartitionsEvent {
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

/** Something that happened to one message or timer. */
export interface RecordEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly reason: string;
}

/** A key that waits after a failure of one of its messages. */
export interface ParkedEvent extends RecordEvent {
  /** The attempt that failed; 1 for the first. */
  readonly attempt: number;
}

/** A message that went to the failure topic. */
export interface DeadLetteredEvent extends RecordEvent {
  /** The topic that has it now. */
  readonly deadLetterTopic: string;
  /** Handler calls that were made of it. */
  readonly attempts: number;
}

/** A partition that gets nowhere. */
export interface StalledEvent {
  readonly topic: string;
  readonly partition: number;
  /** What holds it, in a sentence. */
  readonly reason: string;
  /** What holds it; `null` if its handler calls do not end. */
  readonly bound: Bound | null;
  /** How much of the bound is used up. */
  readonly used: number | null;
  readonly limit: number | null;
  /** The first offset that is not finished. */
  readonly firstUnfinished: number | null;
  /** Records in hand that are not finished. */
  readonly unfinished: number;
}

/** What a client tells, and what it hands to the listeners. */
export interface ClientEvents {
  /** Partitions are this client's from now on. */
  assigned: PartitionsEvent;
  /** Partitions have been taken away. */
  revoked: PartitionsEvent;
  /** A key waits after a failure. */
  parked: ParkedEvent;
  /** A message went to the failure topic. */
  deadLettered: DeadLetteredEvent;
  /** A message was skipped because its id has been processed. */
  duplicate: RecordEvent;
  /** A message was skipped: `allowedEvents`, its source system, or it was sent again for another group. */
  skipped: RecordEvent;
  /** A partition gets nowhere; told once, until it has moved again for a while. */
  stalled: StalledEvent;
  /** Something failed that no call could be told of, or a `subscribe` failed. */
  error: ProsodyError | Error;
}

/** The name of an event. */
export type ClientEvent = keyof ClientEvents;

/** Called with what happened. It may be async; what it throws is logged. */
export type Listener<E extends ClientEvent> = (event: ClientEvents[E]) => unknown;

const NAMES: ReadonlySet<string> = new Set<ClientEvent>([
  'assigned',
  'revoked',
  'parked',
  'deadLettered',
  'duplicate',
  'skipped',
  'stalled',
  'error',
]);

interface Registration {
  readonly listener: (event: never) => unknown;
  readonly once: boolean;
}

/** The listeners of one client. */
export class Events {
  // Bound: what the application registers; `off` and the first call of a `once` remove.
  private readonly registrations = new Map<string, readonly Registration[]>();

  add<E extends ClientEvent>(event: E, listener: Listener<E>, once: boolean): void {
    if (!NAMES.has(event)) throw new TypeError(`there is no event ${show(event)}: ${[...NAMES].join(', ')}`);
    if (typeof listener !== 'function') throw new TypeError(`the listener of ${event} is ${show(listener)}`);
    this.registrations.set(event, [...(this.registrations.get(event) ?? []), { listener, once }]);
  }

  /** Removes the newest registration of that listener. */
  remove<E extends ClientEvent>(event: E, listener: Listener<E>): void {
    const all = this.registrations.get(event) ?? [];
    const at = all.findLastIndex((registration) => registration.listener === listener);
    if (at >= 0) this.registrations.set(event, all.toSpliced(at, 1));
  }

  /** Whether somebody listens. */
  listens(event: ClientEvent): boolean {
    return (this.registrations.get(event)?.length ?? 0) > 0;
  }

  /** Calls the listeners; an `error` that nobody listens to is logged, never thrown. */
  emit<E extends ClientEvent>(event: E, value: ClientEvents[E]): void {
    const all = this.registrations.get(event) ?? [];
    if (event === 'error' && !this.listens(event)) {
      log('error', (value as Error).message, { error: value });
      return;
    }
    for (const registration of all) {
      if (registration.once) this.drop(event, registration);
      call(event, registration.listener as Listener<E>, value);
    }
  }

  /** Emits a batch of events as the native side sends them. */
  emitBatch(json: string): void {
    const batch = JSON.parse(json) as ({ type: string } & Record<string, unknown>)[];
    for (const { type, ...value } of batch) {
      // What fails on the native side is logged there.
      if (type === 'error' && !this.listens(type)) continue;
      if (!NAMES.has(type)) log('debug', `an event of unknown type ${show(type)}`);
      else this.emit(type as ClientEvent, (type === 'error' ? errorOfFault(value) : value) as never);
    }
  }

  private drop(event: string, registration: Registration): void {
    const kept = (this.registrations.get(event) ?? []).filter((other) => other !== registration);
    this.registrations.set(event, kept);
  }
}

function call<E extends ClientEvent>(event: E, listener: Listener<E>, value: ClientEvents[E]): void {
  const blame = (error: unknown): void => {
    log('error', `a listener of ${event} failed`, { error });
  };
  try {
    const result = listener(value);
    if (result instanceof Promise) result.catch(blame);
  } catch (error) {
    blame(error);
  }
}
