// Sets up, builds what changed, and runs examples/demo.mjs with the arguments given.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildWhatChanged } from './build.mjs';
import { installPackages, root, run } from './lib.mjs';

await run(join(root, 'scripts', 'setup'), ['build']);
await installPackages();
await buildWhatChanged('dev');
const demo = spawn(process.execPath, [join(root, 'examples', 'demo.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => demo.kill(signal));
demo.on('exit', (code, signal) => {
  process.exitCode = signal ? 1 : (code ?? 1);
});
