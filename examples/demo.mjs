// The main job, live: messages of one key run in order and one at a time, different keys at the same time, and a slow or
// a failing key holds back only itself.
//
//   npm run demo                                  on the embedded broker, needs nothing
//   npm run demo -- --bootstrap localhost:9092    on a real Kafka, with a topic of its own that is deleted at the end
//
// Ends by itself in under 20 seconds, with exit code 0 if everything held.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminClient, ProsodyClient, setLogger } from '@prosody-events/prosody';
import { Ledger } from './demo/ledger.mjs';
import { View } from './demo/view.mjs';

const PARTITIONS = 4;
const STEADY_KEYS = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn'];
const SLOW_KEY = 'slow';
const FAILING_KEY = 'failing';
const SLOW_MESSAGES = 6;
const SLOW_MS = 1_000;
const SENDING_MS = 7_000;
/** The failing key's handler throws from here to there, then all is well again. */
const FAILS_MS = { from: 1_500, to: 4_500 };
const ANSWER_MS = 10_000;
const GIVE_UP_MS = 18_500;

const began = performance.now();
const bootstrap = argument('--bootstrap');
const name = `prosody-demo-${randomUUID().slice(0, 8)}`;
const broker = bootstrap === undefined ? { mock: true } : { bootstrapServers: bootstrap };
const config = {
  ...broker,
  groupId: name,
  subscribedTopics: name,
  // A consumer skips what its own group has sent; here one client does both.
  sourceSystem: 'demo',
  commitIntervalMs: 200,
  probePort: null,
  // The first record of a new topic waits for its leader, and this machine may be busy.
  sendTimeoutMs: 10_000,
  // A failing key is tried again after at most half a second here, so that the demo stays short; the default goes on to a day.
  deferBaseMs: 100,
  deferMaxDelayMs: 500,
};

const ledger = new Ledger(STEADY_KEYS, { slowKey: SLOW_KEY, slowMs: SLOW_MS, failingKey: FAILING_KEY });
const view = new View(ledger, bootstrap ?? 'the embedded broker');
setLogger(view.logger);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => stop.abort(new Error(`${signal} came`)));
const giveUp = setTimeout(() => stop.abort(new Error(`not done after ${GIVE_UP_MS} ms`)), GIVE_UP_MS);

/** What an application writes. The ledger looks on. */
const handler = {
  async onMessage(context, message) {
    const { seq, sentAt } = message.payload;
    const call = ledger.begin(message, seq, sentAt);
    try {
      await work(message.key);
      call.succeeded();
    } catch (error) {
      call.failed();
      throw error; // any error: the message is tried again, and what follows it in its key waits
    }
  },
};

async function work(key) {
  if (key === SLOW_KEY) return sleep(SLOW_MS);
  await sleep(2);
  const age = performance.now() - ledger.startedAt;
  if (key === FAILING_KEY && age > FAILS_MS.from && age < FAILS_MS.to)
    throw new Error('the warehouse is closed');
}

async function main() {
  const admin = new AdminClient(broker);
  await Promise.race([admin.createTopic(name, PARTITIONS, 1), noAnswer()]);
  try {
    const client = new ProsodyClient(config);
    try {
      await client.subscribe(handler);
      await assigned(client);
      // One message a key before the clock starts: a new topic has to find its leaders first.
      await Promise.all(STEADY_KEYS.map((key) => send(client, key)));
      await until(() => ledger.done >= ledger.sent);
      ledger.start();
      view.start();
      await Promise.all([
        ...STEADY_KEYS.map((key) => stream(client, key, 10)),
        stream(client, FAILING_KEY, 50),
        slow(client),
      ]);
      await client.flush();
      await until(() => ledger.done >= ledger.sent);
    } finally {
      view.stop();
      await client.unsubscribe();
      await client[Symbol.asyncDispose]();
    }
    await successorFindsNothing();
  } finally {
    await admin.deleteTopic(name);
  }
}

async function noAnswer() {
  await sleep(ANSWER_MS, undefined, { ref: false });
  throw new Error(`no broker answers at ${bootstrap}`);
}

/** Sends a message of the key every `everyMs`. */
async function stream(client, key, everyMs) {
  const sends = [];
  for (let due = everyMs; due < SENDING_MS; due += everyMs) {
    const early = ledger.startedAt + due - performance.now();
    if (early > 0) await sleep(early, undefined, { signal: stop.signal });
    const sent = send(client, key);
    sent.catch((error) => stop.abort(error));
    sends.push(sent);
  }
  await Promise.all(sends);
}

/** Sends all messages of the slow key at once: a queue that takes seconds to work off. */
async function slow(client) {
  await Promise.all(Array.from({ length: SLOW_MESSAGES }, () => send(client, SLOW_KEY)));
}

function send(client, key) {
  return client.send(name, key, { seq: ledger.send(key), sentAt: performance.now() });
}

/** Offsets were committed: the next member of the group starts where this one ended, and finds nothing to do. */
async function successorFindsNothing() {
  const successor = new ProsodyClient(config);
  try {
    await successor.subscribe({ onMessage: () => void (ledger.leftover += 1) });
    await assigned(successor);
    await sleep(500);
    ledger.successorRan = true;
  } finally {
    await successor[Symbol.asyncDispose]();
  }
}

function assigned(client) {
  return until(() => client.assignedPartitionCount === PARTITIONS);
}

async function until(condition) {
  while (!condition()) await sleep(20, undefined, { signal: stop.signal });
}

function argument(option) {
  const at = process.argv.indexOf(option);
  if (at < 0) return undefined;
  const value = process.argv[at + 1];
  if (value) return value;
  console.error(`${option} needs a value, as in ${option} localhost:9092`);
  process.exit(2);
}

let failure;
try {
  await main();
} catch (error) {
  failure = stop.signal.aborted ? stop.signal.reason : error;
}
clearTimeout(giveUp);
const good = view.summary(performance.now() - began, failure);
// Whatever is still on its way is not worth waiting for.
process.exit(good ? 0 : 1);
