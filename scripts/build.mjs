// Builds the addon and the TypeScript.
//
//   node scripts/build.mjs [--profile dev|quick|release] [--only native|ts]
//
// dev is what the tests use, quick is for benchmarks, release is what is published.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bin, fingerprint, installPackages, option, root, run, stamp, stamped } from './lib.mjs';

/** The file name by which native.cjs looks for the addon. */
export function addonName() {
  const { addonName: name } = createRequire(import.meta.url)('../native-name.cjs');
  return name();
}

/**
 * Builds the addon with cargo and puts it beside package.json. `selection` may ask cargo for more than the addon, so
 * that a later command finds everything built.
 */
export async function buildNative(profile = 'dev', selection = ['-p', 'prosody-bindings']) {
  let library;
  const args = ['build', ...selection, '--profile', profile, '--message-format=json-render-diagnostics'];
  await run('cargo', args, {
    quiet: true,
    onLine: (line) => {
      if (!line.startsWith('{')) return;
      const { reason, target, filenames, profile: built } = JSON.parse(line);
      // The program of the crate's own tests bears the same name.
      if (reason !== 'compiler-artifact' || target.name !== 'prosody_bindings' || built.test) return;
      library = filenames.find((name) => /\.(so|dylib|dll)$/.test(name)) ?? library;
    },
  });
  if (!library) throw new Error('cargo named no library for prosody-bindings');
  const destination = join(root, addonName());
  // A process may have the old file open: replace it, never write into it.
  copyFileSync(library, `${destination}.new`);
  renameSync(`${destination}.new`, destination);
  await run(process.execPath, ['-e', "require('./native.cjs').load()"]);
}

/** Compiles src/ to ESM and CommonJS with types for both. */
export async function buildTypeScript() {
  const dist = join(root, 'dist');
  // Built beside it, for the source maps name src/ from there, and put in its place at the end: a process that starts
  // meanwhile finds a whole package.
  const fresh = join(root, `dist-${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(join(fresh, 'cjs'), { recursive: true });
  try {
    await Promise.all([
      run(bin('tsc'), ['-p', 'tsconfig.esm.json', '--outDir', join(fresh, 'esm')]),
      run(bin('tsc'), ['-p', 'tsconfig.cjs.json', '--outDir', join(fresh, 'cjs')]),
    ]);
    writeFileSync(join(fresh, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
    for (const name of ['native.cjs', 'native-name.cjs', 'native.d.cts'])
      cpSync(join(root, name), join(fresh, name));
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

const typeScriptInputs = [
  'src',
  'native.cjs',
  'native-name.cjs',
  'tsconfig.base.json',
  'tsconfig.esm.json',
  'tsconfig.cjs.json',
  'package-lock.json',
];
const nativeInputs = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'bindings', 'crates'];

/** Builds what changed since the last build; a second call does nothing and starts no compiler. */
export async function buildWhatChanged(profile = 'dev') {
  const native = `${profile} ${fingerprint(nativeInputs)} ${fingerprint([addonName()])}`;
  if (!existsSync(join(root, addonName())) || !stamped('native', native)) {
    await buildNative(profile);
    stamp('native', `${profile} ${fingerprint(nativeInputs)} ${fingerprint([addonName()])}`);
  }
  const ts = fingerprint(typeScriptInputs);
  if (!existsSync(join(root, 'dist', 'esm', 'index.js')) || !stamped('ts', ts)) {
    await installPackages();
    await buildTypeScript();
    stamp('ts', fingerprint(typeScriptInputs));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const only = option('--only', 'all');
  if (only !== 'ts') await buildNative(option('--profile', 'dev'));
  if (only !== 'native') {
    await installPackages();
    await buildTypeScript();
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.log(`built ${only === 'all' ? 'addon and TypeScript' : only} of version ${version}`);
}
