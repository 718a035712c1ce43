import { expect } from 'vitest';
import type { Configuration, Message } from '../../src/index.js';
import { Stage, until } from './stage.js';

const SIZE = 20_000;
const EACH = 6;

/** A budget that parked messages soon use up, and waits short enough for a test. */
export const TIGHT: Configuration = {
  maxBufferedBytes: 1 << 20,
  deferCacheSize: 1,
  deferFailureThreshold: 1,
  deferBaseMs: 200,
  deferMaxDelayMs: 400,
};

/** Bytes that say which message they are of, from the first to the last. */
export function body(key: string, number: number, size = SIZE): Buffer {
  return Buffer.alloc(size, `${key}/${number};`);
}

function numberOf(message: Message): number {
  const bytes = Buffer.from(message.rawPayload!);
  const number = Number(/^[^/]*\/(\d+);/.exec(bytes.subarray(0, 40).toString())?.[1]);
  expect(bytes.equals(body(message.key!, number)), `the bytes of ${message.key} ${number}`).toBe(true);
  return number;
}

/** Parked messages whose bytes are given up: the same for the mock broker and for a real Kafka. */
export function away(config: () => Configuration, unique: (name: string) => string): void {
  Stage.test(
    'parked_messages_beyond_the_byte_budget_hold_nobody_back_and_come_back_whole_and_in_order',
    2,
    config,
    () => unique('away'),
    async (stage) => {
      const reader = stage.reader(TIGHT);
      const done = new Map<string, number[]>();
      let healed = false;
      reader.handle = (message) => {
        if (!healed && message.key!.startsWith('sick')) throw new Error('not now');
        done.set(message.key!, [...(done.get(message.key!) ?? []), numberOf(message)]);
      };
      const keys = (kind: string): string[] => Array.from({ length: 30 }, (_, index) => `${kind}-${index}`);
      const send = (kind: string): Promise<void> =>
        stage.sendAll(
          Array.from({ length: EACH }, (_, number) =>
            keys(kind).map((key) => ({ key, payload: body(key, number) })),
          ).flat(),
        );
      const ended = (kind: string): boolean => keys(kind).every((key) => done.get(key)?.length === EACH);
      await reader.subscribe(2);
      // Three and a half times the budget waits before anything else comes.
      await send('sick');
      await send('well');
      await until(
        () => ended('well'),
        () => `${done.size} keys went on while others are parked`,
      );
      expect(keys('sick').some((key) => done.has(key))).toBe(false);
      healed = true;
      await until(
        () => ended('sick'),
        () => `${done.size} keys have come to their end`,
      );
      const order = Array.from({ length: EACH }, (_, number) => number);
      for (const [key, numbers] of done) expect([key, numbers]).toEqual([key, order]);
    },
  );
}
