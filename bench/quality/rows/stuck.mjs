// A fifth of the keys fail for ever, without a store: the others go on at their pace, until the completion map is full.
import { handler, Ledger, median, Memory, quiet, spread, until } from '../rig.mjs';

export const name = 'stuck';
export const title = '20 % of keys fail for ever';

export const quick = { messages: 12_000, keys: 400, handlerMs: 1, pairs: 1, beyond: 90_000 };
export const full = { messages: 60_000, keys: 1_000, handlerMs: 1, pairs: 3, beyond: 300_000 };

const stuck = (number) => number % 5 === 0;
const PAD = 'x'.repeat(400);

export async function run(rig, plan) {
  const { messages, keys, pairs } = plan;
  const topic = await rig.topic(name);
  await fill(rig, topic, messages, keys);
  const violations = [];
  const clean = [];
  const failing = [];
  const grownMiB = [];
  // The first run grows heaps, ours and the broker's where that is in this process.
  await drain(rig, topic, plan, false);
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const fails of pair % 2 === 0 ? [false, true] : [true, false]) {
      const { perSecond, memory, ledger } = await drain(rig, topic, plan, fails);
      (fails ? failing : clean).push(perSecond);
      if (fails) grownMiB.push(memory.between(0.75, 1) - memory.between(0, 0.25));
      violations.push(...ledger.violations);
    }
  }
  const ratios = failing.map((perSecond, pair) => perSecond / clean[pair]);
  return { messages, clean, failing, ratios, grownMiB, violations, bound: await bound(rig, plan) };
}

function fill(rig, topic, count, keys) {
  return rig.fill(topic, count, (index) => ({
    key: `k${index % keys}`,
    payload: { seq: Math.floor(index / keys), number: index % keys, pad: PAD },
  }));
}

/** Messages of the other keys a second. */
async function drain(rig, topic, { messages, handlerMs }, failing) {
  const ledger = new Ledger();
  const client = rig.consumer(topic);
  let began;
  let ended = 0;
  let others = 0;
  const fails = (_key, _seq, { payload }) => {
    began ??= performance.now();
    return failing && stuck(payload.number);
  };
  const onSuccess = (_key, _seq, { payload }) => {
    if (stuck(payload.number)) return;
    others += 1;
    ended = performance.now();
  };
  const memory = new Memory();
  await client.subscribe(handler(ledger, { handlerMs, fails, onSuccess }));
  const wanted = messages * 0.8;
  await until(
    () => others >= wanted,
    () => `${others} of ${wanted} of the other keys`,
  );
  memory.stop();
  await rig.end(client);
  return { perSecond: others / ((ended - began) / 1000), memory, ledger };
}

/** Reads on until the partition is held for its map, then lets everything succeed: nothing may be missing. */
async function bound(rig, { keys, beyond }) {
  const topic = await rig.topic(`${name}-bound`, 1);
  await fill(rig, topic, beyond, keys);
  const ledger = new Ledger();
  let healed = false;
  const client = rig.consumer(topic, { deferMaxDelayMs: 1_000 });
  const stalled = [];
  client.on('stalled', (event) => stalled.push(event));
  let others = 0;
  const fails = (_key, _seq, { payload }) => !healed && stuck(payload.number);
  const onSuccess = (_key, _seq, { payload }) => (others += Number(!stuck(payload.number)));
  const memory = new Memory();
  await client.subscribe(handler(ledger, { handlerMs: 0, fails, onSuccess }));
  let explained;
  await until(
    () => {
      explained = client.explain();
      return explained.partitions[0]?.held?.bound === 'completionMap' && stalled.length > 0;
    },
    () => `a partition that is held for its map: ${JSON.stringify([explained, stalled]).slice(0, 2_000)}`,
  );
  await quiet(() => others, 500);
  const othersBeforeHeld = others;
  memory.stop();
  const wrong = wrongIn(explained, stalled, keys);
  healed = true;
  await until(
    () => ledger.succeeded >= beyond,
    () => `${ledger.succeeded} of ${beyond}`,
    180_000,
  );
  await rig.end(client);
  const violations = [...ledger.violations, ...wrong];
  return { held: othersBeforeHeld < beyond * 0.8, othersBeforeHeld, beyond, violations };
}

/** What the explanation should say of a partition that stuck keys hold, and does not. */
function wrongIn({ partitions: [partition], parkedCount }, stalled, keys) {
  const { blocking } = partition;
  const wrong = [];
  const want = (right, what) => right || wrong.push(`EXPLAIN ${what}`);
  want(blocking?.key && stuck(Number(blocking.key.slice(1))), `blocking is ${JSON.stringify(blocking)}`);
  want(blocking?.error?.includes('as planned') && blocking.attempts > 0, `its error ${blocking?.error}`);
  want(parkedCount <= keys / 5, `${parkedCount} keys are parked`);
  want(stalled[0].bound === 'completionMap', `stalled says ${stalled[0].bound}`);
  want(stalled.length === 1, `stalled was told ${stalled.length} times`);
  return wrong;
}

export function judge({ ratios, grownMiB, violations, bound }) {
  const right = violations.length === 0 && bound.violations.length === 0;
  return right && median(ratios) >= 0.95 && Math.max(...grownMiB) <= 64 && bound.held;
}

export function tell({ messages, clean, failing, ratios, grownMiB, violations, bound }) {
  const held = bound.held
    ? `explain() names the map after ${bound.othersBeforeHeld} of the others` : 'never held';
  return (
    `${messages} messages, others ${spread(clean, 0)}/s when none fails and ${spread(failing, 0)}/s when a fifth does, ` +
    `ratio ${spread(ratios)}, bar 0.95; memory grew ${spread(grownMiB, 0)} MiB; ${held} of ${bound.beyond}, ` +
    `drained after healing; ${violations.length + bound.violations.length} violations`
  );
}
