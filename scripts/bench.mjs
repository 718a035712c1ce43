// Builds the addon as the benchmarks want it and runs bench/run.mjs with the arguments given.
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { buildNative, buildTypeScript } from './build.mjs';
import { installPackages, option, root, run } from './lib.mjs';

const bench = join(root, 'bench');
await run(join(root, 'scripts', 'setup'), ['build', 'kafka']);
await installPackages();
await buildNative(option('--profile', 'quick'));
await buildTypeScript();
if (!existsSync(join(bench, 'node_modules')))
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: bench });
await run(process.execPath, ['run.mjs', ...process.argv.slice(2)], { cwd: bench });
