// Stands still until a worker has seen that the probes say so, and says what they said before, meanwhile and after.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

if (isMainThread) await main();
else await watch(workerData.port, new Int32Array(workerData.seen));

async function main() {
  const { setLogger } = await import('@prosody-events/prosody');
  const { client } = await import('./common.mjs');
  const quiet = () => undefined;
  let port;
  const info = (message, metadata) => {
    if (message.startsWith('probe server')) ({ port } = metadata);
  };
  setLogger({ trace: quiet, debug: quiet, info, warn: quiet, error: quiet });
  const probed = client({ probePort: 0, probeHost: '127.0.0.1', stallThresholdMs: 500 });
  await probed.subscribe({ onMessage: quiet });
  while (port === undefined) await sleep(5);
  const seen = new SharedArrayBuffer(8);
  const worker = new Worker(new URL(import.meta.url), { workerData: { port, seen } });
  const ended = once(worker, 'exit');
  const word = new Int32Array(seen);
  while (Atomics.load(word, 0) === 0) await sleep(5);
  Atomics.wait(word, 1, 0, 20_000);
  await ended;
  await probed.unsubscribe();
}

async function watch(port, word) {
  const until = async (code) => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/livez`);
      const body = await answer.text();
      if (answer.status === code) return console.log(body.split(' for ')[0]);
      await sleep(10);
    }
  };
  await until(200);
  Atomics.store(word, 0, 1);
  await until(503);
  Atomics.store(word, 1, 1);
  Atomics.notify(word, 1);
  await until(200);
}
