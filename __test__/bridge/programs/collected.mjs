// Makes and closes COUNT clients that sent and consumed, and counts those that the collector took. Needs --expose-gc.
import { client } from './common.mjs';

const count = Number(process.argv[2]);
let gone = 0;
const registry = new FinalizationRegistry(() => (gone += 1));

async function use() {
  const one = client();
  registry.register(one);
  const handled = new Promise((resolve) => void one.subscribe({ onMessage: resolve }));
  await one.send('topic', 'key', 1);
  await handled;
  await one[Symbol.asyncDispose]();
}

for (let round = 0; round < count; round++) await use();
for (let look = 0; look < 1_000 && gone < count; look++) {
  global.gc();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(`${gone} of ${count} gone`);
