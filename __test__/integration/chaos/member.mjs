// One process under test: a consumer that writes down what its handlers do, before and after.
//
//   node member.mjs '{"name", "file", "topic", "options", "handler"}'
//
// A line is: kind, monotonic nanoseconds, then for S (start) and E (end) partition, offset, attempt, key, seq and for E
// the outcome. Each line is one write, so that a kill -9 takes nothing that was said before it.
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProsodyClient, setLogger } from '@prosody-events/prosody';

const { name, file, topic, options, handler } = JSON.parse(process.argv[2]);
const out = openSync(file, 'a');
const say = (...fields) => writeSync(out, `${fields.join('\t')}\n`);
const now = () => process.hrtime.bigint();

// Warnings and errors go where whoever looks for a failed run finds them.
const quiet = () => {};
const loud = (level) => (message, metadata) => console.error(level, name, message, JSON.stringify(metadata));
setLogger({ trace: quiet, debug: quiet, info: quiet, warn: loud('warn'), error: loud('error') });

const client = new ProsodyClient({ subscribedTopics: topic, probePort: null, ...options });
client.on('assigned', (event) => say('A', now(), JSON.stringify(event.partitions)));
client.on('revoked', (event) => say('R', now(), JSON.stringify(event.partitions)));

const random = ([least, most]) => least + Math.random() * (most - least);

function hash(text) {
  let value = 2166136261;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 16777619) >>> 0;
  return value;
}

// It follows from the key and the clock, so that a key is down for whoever owns it next as well.
function isDown(key) {
  if (!handler.outages) return false;
  const { share, everyMs, ms } = handler.outages;
  const drawn = hash(key);
  if ((drawn % 997) / 997 >= share) return false;
  const length = ms[0] + ((drawn >>> 8) % (ms[1] - ms[0]));
  return (Date.now() + (drawn >>> 4)) % everyMs < length;
}

async function onMessage(_context, message) {
  const { seq } = message.payload;
  const place = [message.partition, message.offset, message.attempt, message.key, seq];
  say('S', now(), ...place);
  const rule = handler.keys?.[message.key];
  const wait = rule?.ms ?? random(handler.ms);
  if (wait > 0) await sleep(wait);
  const planned = message.attempt <= (rule?.failures ?? 0) || isDown(message.key);
  const fails = planned || Math.random() < (handler.failing ?? 0);
  say('E', now(), ...place, fails ? 'failed' : 'ok');
  if (fails) throw new Error('as planned');
}

process.once('SIGTERM', () => {
  say('T', now());
  void client.unsubscribe().then(async () => {
    await client[Symbol.asyncDispose]();
    say('X', now());
    process.exit(0);
  });
});

await client.subscribe({ onMessage });
say('U', now());
