// Terminates COUNT workers, one after the other, while their handlers run; odd ones in the middle of a handler that
// never ends, even ones under a constant load. The main thread's own client must not notice.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { client, sendForEver } from './common.mjs';

async function work() {
  const one = client({ maxConcurrency: 64 });
  let calls = 0;
  await one.subscribe({
    async onMessage() {
      if (++calls === 200) parentPort.postMessage('busy');
      if (workerData.stuck && calls >= 200) await new Promise(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
  await sendForEver(one);
}

async function main(count) {
  const mine = client();
  let handled = 0;
  await mine.subscribe({ onMessage: () => void (handled += 1) });
  for (let round = 0; round < count; round++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { stuck: round % 2 === 1 } });
    const failed = once(worker, 'error').then(([error]) => { throw error; }); // prettier-ignore
    await Promise.race([once(worker, 'message'), failed]);
    failed.catch(() => undefined);
    await worker.terminate();
    await mine.send('topic', 'key', round);
  }
  const limit = Date.now() + 20_000;
  while (handled < count && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 5));
  await mine[Symbol.asyncDispose]();
  console.log(`${count} terminated, ${handled} handled`);
}

await (isMainThread ? main(Number(process.argv[2])) : work());
