// Builds the addon as the benchmarks want it and measures the bars of service quality: one line of figures a row.
//
//   node scripts/quality.mjs [row,row] [--on mock,kafka] [--quick] [--bootstrap host:port] [--profile quick] [--built]
import { join } from 'node:path';
import { buildNative, buildTypeScript } from './build.mjs';
import { installPackages, option, root, run } from './lib.mjs';

const args = process.argv.slice(2);
const profile = option('--profile', 'quick');
if (!args.includes('--built')) {
  await run(join(root, 'scripts', 'setup'), ['build', 'kafka']);
  await installPackages();
  await buildNative(profile);
  await buildTypeScript();
}
const at = args.indexOf('--profile');
if (at >= 0) args.splice(at, 2);
const rest = args.filter((arg) => arg !== '--built');
await run(process.execPath, [join(root, 'bench', 'quality', 'run.mjs'), ...rest]);
