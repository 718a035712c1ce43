// process.exit(CODE) in the handler call number AT, while others run and records are on their way.
import { client, sendForEver } from './common.mjs';

const [code, at] = process.argv.slice(2).map(Number);
const one = client();
let calls = 0;
await one.subscribe({
  async onMessage() {
    calls += 1;
    if (calls === at) process.exit(code);
    await new Promise((resolve) => setTimeout(resolve, 2));
  },
});
await sendForEver(one);
