// The raw addon past its end: closed twice, used after that, and dropped while it runs. Needs --expose-gc.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { addonName } = require('../../../native-name.cjs');
const { NativeClient } = require(`../../../${addonName()}`);
const make = () =>
  new NativeClient({ mock: true, groupId: 'group', subscribedTopics: 'topic' }, [], () => undefined);

const closed = make();
await closed.subscribe(1);
await Promise.all([closed.unsubscribe(), closed.unsubscribe(), closed.close(), closed.close()]);
await closed.close();
closed.settle(new Uint32Array([0, 0, 0]), 1, undefined);
closed.send(new Uint8Array(0), 0);
await closed.flush(10);
await closed.unsubscribe();
console.log('closed', closed.state(), closed.assignedPartitionCount(), closed.isStalled());

let gone = 0;
const registry = new FinalizationRegistry(() => (gone += 1));
async function startAndForget() {
  const running = make();
  registry.register(running);
  await running.subscribe(1);
}
for (let round = 0; round < 10; round++) await startAndForget();
for (let look = 0; look < 1_000 && gone < 10; look++) {
  global.gc();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(`${gone} of 10 dropped while they ran`);
