// The addon twice in one process: in two workers at once, or as two copies of the file.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { client } from './common.mjs';

const COUNT = 2_000;

/** Sends and handles COUNT messages; they are this thread's own, whoever else uses the same names. */
async function exchange() {
  const one = client();
  let handled = 0;
  let foreign = 0;
  const tag = Math.random();
  const done = new Promise((resolve) => {
    const onMessage = (_context, message) => {
      if (message.payload !== tag) foreign += 1;
      if (++handled === COUNT) resolve();
    };
    void one.subscribe({ onMessage });
  });
  await one.sendMany(
    Array.from({ length: COUNT }, (_, n) => ({ topic: 'topic', key: `${n % 9}`, payload: tag })),
  );
  await done;
  await one[Symbol.asyncDispose]();
  return foreign;
}

async function inWorkers() {
  const answers = await Promise.all(
    [0, 1].map(async () => {
      const worker = new Worker(new URL(import.meta.url));
      const answer = new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
      const [foreign] = await Promise.all([answer, new Promise((resolve) => worker.on('exit', resolve))]);
      return foreign;
    }),
  );
  const own = await exchange();
  console.log(`workers: ${answers.length + 1} exchanged, ${own + answers[0] + answers[1]} foreign`);
}

async function asCopies() {
  const require = createRequire(import.meta.url);
  const { addonName } = require('../../../native-name.cjs');
  const folder = mkdtempSync(join(tmpdir(), 'prosody-copy-'));
  try {
    const copy = join(folder, 'copy.node');
    copyFileSync(new URL(`../../../${addonName()}`, import.meta.url), copy);
    const addons = [require(`../../../${addonName()}`), require(copy)];
    if (addons[0].NativeClient === addons[1].NativeClient) throw new Error('the copies are one');
    for (const { NativeClient } of addons) {
      const native = new NativeClient(
        { mock: true, groupId: 'group', subscribedTopics: 'topic' },
        [],
        () => undefined,
      );
      await native.subscribe(1);
      if (native.state() !== 2) throw new Error('it does not run');
      await native.unsubscribe();
      await native.close();
    }
    const foreign = await exchange();
    console.log(`copies: ${addons.length} ran, ${foreign} foreign`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!isMainThread) parentPort.postMessage(await exchange());
else if (process.argv[2] === 'workers') await inWorkers();
else await asCopies();
