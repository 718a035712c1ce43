// A consumer in a process of its own, for its memory: node large-program.mjs '{"config", "count", "handlerMs"}'
//
// It handles `count` messages and prints the highest resident memory that the kernel has seen, in MiB.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProsodyClient, setLogger } from '../../dist/esm/index.js';

const { config, count, handlerMs } = JSON.parse(process.argv[2]);
const silent = () => {};
const loud = (message, metadata) => console.error(message, metadata ?? '');
setLogger({ trace: silent, debug: silent, info: silent, warn: silent, error: loud });

const seen = new Set();
let bytes = 0;
const client = new ProsodyClient(config);
client.on('error', (error) => {
  console.error(error);
  process.exitCode = 1;
});
const done = new Promise((resolve) => {
  void client.subscribe({
    async onMessage(_context, message) {
      const { rawPayload, key } = message;
      const first = rawPayload[0];
      await sleep(handlerMs);
      // Looked at again at the end, so that it has to be there for as long as the call runs.
      if (rawPayload[0] !== first) throw new Error('the bytes have changed');
      bytes += rawPayload.length;
      seen.add(key);
      if (seen.size === count) resolve();
    },
  });
});
await done;
await client[Symbol.asyncDispose]();

const status = readFileSync('/proc/self/status', 'utf8');
const peakMiB = Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]) / 1024;
console.log(JSON.stringify({ peakMiB, bytes, seen: seen.size }));
