import { setImmediate, setTimeout } from 'node:timers';
import { expect } from 'vitest';
import { type Message, ProsodyError } from '../../src/index.js';
import { ack } from '../scenario/ack.js';
import { Stage, until } from '../scenario/stage.js';

let number = 0;
const unique = (name: string): string => `${name}-${(number += 1)}`;
const config = () => ({ mock: true, bootstrapServers: 'acks:9092' });

ack(config, unique);

Stage.test(
  'a_commit_with_ack_auto_is_refused',
  1,
  config,
  () => unique('auto'),
  async (stage) => {
    const errors: unknown[] = [];
    const reader = stage.reader();
    reader.handle = (message) => {
      try {
        message.commit();
      } catch (error) {
        errors.push(error);
      }
    };
    await reader.subscribe(1);
    await stage.send('k', [1, 2]);
    await reader.got(2);
    expect(errors[0]).toBeInstanceOf(ProsodyError);
    expect(errors).toMatchObject([{ code: 'ACK_AUTO' }, { code: 'ACK_AUTO' }]);
  },
);

Stage.test(
  'a_record_that_waits_for_its_commit_is_no_stall',
  1,
  config,
  () => unique('quiet'),
  async (stage) => {
    const reader = await stage.reader({ ack: 'manual', stallThresholdMs: 200, timeoutMs: 100 }).subscribe(1);
    await stage.send('k', [1, 2]);
    await reader.got(1);
    const limit = performance.now() + 600;
    while (performance.now() < limit) {
      expect(reader.client.isStalled).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(reader.payloads).toEqual([1]);
  },
);

Stage.test(
  'messages_that_are_committed_now_or_later_in_bursts_keep_their_order',
  4,
  config,
  () => unique('burst'),
  async (stage) => {
    // Through the hand-over in the middle of a turn, and the slabs that settlements bring back.
    const count = 20_000;
    const reader = stage.reader({ ack: 'manual', maxConcurrency: 512, maxUncommitted: 4_096 });
    const committed = new Map<string, number>();
    const wrong: unknown[] = [];
    const finish = (message: Message): void => {
      committed.set(message.key!, message.payload as number);
      message.commit();
    };
    reader.handle = (message) => {
      const number = message.payload as number;
      if ((committed.get(message.key!) ?? -1) !== number - 1) wrong.push([message.key, number]);
      if (message.offset % 4 === 0) finish(message);
      else if (message.offset % 4 === 1) setImmediate(finish, message);
      else if (message.offset % 4 === 2) setTimeout(finish, 2, message);
      else return new Promise<void>((resolve) => setTimeout(() => resolve(finish(message)), 1));
      return undefined;
    };
    const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`);
    const payloads = Array.from({ length: count / keys.length }, (_, number) => number);
    await stage.sendAll(payloads.flatMap((payload) => keys.map((key) => ({ key, payload }))));
    await reader.subscribe(4);
    await reader.got(count);
    await until(
      () => [...committed.values()].every((number) => number === payloads.length - 1),
      () => 'all are committed',
    );
    expect(wrong).toEqual([]);
    await reader.client.unsubscribe();
    const next = await stage.reader().subscribe(4);
    await stage.send('end', ['end']);
    await next.got(1);
    expect(next.payloads).toEqual(['end']);
    expect(reader.messages).toHaveLength(count);
  },
);
