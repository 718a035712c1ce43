// A busy client in a process that ends by an uncaught throw, an unhandled rejection, or a signal from outside.
import { client, sendForEver } from './common.mjs';

const [how] = process.argv.slice(2);
const one = client();
let calls = 0;
await one.subscribe({
  async onMessage() {
    calls += 1;
    if (calls === 300) {
      console.log('ready');
      if (how === 'throw') setTimeout(() => { throw new Error('thrown outside'); }); // prettier-ignore
      if (how === 'rejection') void Promise.reject(new Error('detached'));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  },
});
await sendForEver(one);
