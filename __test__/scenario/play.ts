import { setTimeout as sleep } from 'node:timers/promises';
import {
  AdminClient,
  type Configuration,
  type Message,
  PermanentError,
  ProsodyClient,
} from '../../src/index.js';
import type { Plan, Step } from './steps.js';

/** What was seen: histories by key, and of messages without one. */
export interface Seen {
  histories: Map<string, string[]>;
  keyless: string[];
  errors: string[];
  /** Each message once: topic partition to offset + 1 of the last one. */
  ends: Map<number, number>;
}

const NUMBER = 'number';

/** Plays the steps with one client, on whatever broker its configuration names. */
export async function play(steps: Step[], topic: string, config: Configuration): Promise<Seen> {
  const seen: Seen = { histories: new Map(), keyless: [], errors: [], ends: new Map() };
  const admin = new AdminClient(config);
  await admin.createTopic(topic, 3, 1);
  const client = new ProsodyClient({
    groupId: `${topic}-group`,
    // Not the group's own name: a consumer takes nothing that its own group has sent.
    sourceSystem: 'story',
    subscribedTopics: topic,
    probePort: null,
    deferBaseMs: 20,
    commitIntervalMs: 50,
    ...config,
  });
  client.on('error', (error) => seen.errors.push(error.message));
  const numbers = new Map<string | null, number>();
  let sent = 0;
  let ended = 0;

  const onMessage = async (_context: unknown, message: Message): Promise<void> => {
    const note = (what: string): void => {
      const line = `${message.headers.get(NUMBER)}/${message.attempt} ${what}`;
      if (what !== 'failed') ended += 1;
      if (message.key === null) seen.keyless.push(line);
      else seen.histories.set(message.key, [...(seen.histories.get(message.key) ?? []), line]);
      seen.ends.set(message.partition, Math.max(seen.ends.get(message.partition) ?? 0, message.offset + 1));
    };
    await sleep(1); // others get their turn
    let plan: Plan | null;
    try {
      plan = message.payload as Plan | null;
    } catch (error) {
      note('no JSON');
      throw error;
    }
    if (plan === null) return note('tombstone');
    if (plan.permanent) {
      note('permanent');
      throw new PermanentError('as planned');
    }
    if (message.attempt <= (plan.failures ?? 0)) {
      note('failed');
      throw new Error('as planned');
    }
    note('ok');
  };

  const run = async (step: Step): Promise<void> => {
    if (step.do === 'subscribe') return client.subscribe({ onMessage });
    if (step.do === 'unsubscribe') return client.unsubscribe();
    if (step.do === 'settle') {
      const limit = Date.now() + 30_000;
      while (ended < sent) {
        if (Date.now() > limit)
          throw new Error(`${ended} of ${sent} have ended: ${JSON.stringify([...seen.histories])}`);
        await sleep(10);
      }
      return;
    }
    const records = step.plans.map((plan) => {
      const number = numbers.get(step.key) ?? 0;
      numbers.set(step.key, number + 1);
      const payload = plan === 'tombstone' ? null : plan === 'no JSON' ? Buffer.from('{') : plan;
      return { topic, key: step.key, payload, headers: { [NUMBER]: String(number) } };
    });
    sent += records.length;
    const results = await client.sendMany(records);
    const refused = results.find((result) => !result.ok);
    if (refused) throw refused.error;
  };

  try {
    for (const step of steps) await run(step);
  } finally {
    await client[Symbol.asyncDispose]();
  }
  return seen;
}

/** The expected histories, as a map: a key may be called `__proto__`. */
export function expected(histories: Record<string, string[]>): Map<string, string[]> {
  return new Map(Object.entries(histories));
}
