import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** What a command came to; `code` is null where a signal ended it. */
export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a program to its end, in `cwd`. */
export async function run(
  file: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const options = {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  };
  try {
    const { stdout, stderr } = await execute(file, args, options);
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : null, out: stdout ?? '', err: stderr ?? String(error) };
  }
}

/** This environment without what configures a client or this run of vitest. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(PROSODY_|VITEST|NODE_OPTIONS$)/.test(name)),
  );
}

/** The files that `npm pack` would take, with their sizes. It compresses the addon to say so: once is enough. */
export async function packedFiles(): Promise<{ path: string; size: number }[]> {
  // Without scripts: prepack builds the addon once more, as a release.
  const { out, err } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], root);
  try {
    const [{ files }] = JSON.parse(out) as [{ files: { path: string; size: number }[] }];
    return files;
  } catch {
    throw new Error(`npm pack said: ${out}${err}`);
  }
}

/** A project of its own in which the package is installed, beside the types of Node. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'prosody-packed-'));

  /** With copies of `files`, or, where they do not matter, with a link to this checkout. */
  constructor(files?: readonly { path: string }[]) {
    const scope = join(this.folder, 'node_modules/@prosody-events');
    mkdirSync(scope, { recursive: true });
    const installed = join(scope, 'prosody');
    if (!files) symlinkSync(root, installed);
    for (const { path } of files ?? []) {
      mkdirSync(dirname(join(installed, path)), { recursive: true });
      copyFileSync(join(root, path), join(installed, path));
    }
    symlinkSync(join(root, 'node_modules/@types'), join(this.folder, 'node_modules/@types'));
    this.write('package.json', '{ "private": true, "type": "module" }');
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Type-checks files as a strict project would, the package's own declarations included. */
  typecheck(files: string[], options: Record<string, unknown>): Promise<Ran> {
    const compilerOptions = {
      ...{
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        skipLibCheck: false,
      },
      ...{ noEmit: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      ...options,
    };
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    return run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], this.folder);
  }

  node(file: string, env: NodeJS.ProcessEnv = {}, args: string[] = []): Promise<Ran> {
    return run(process.execPath, [file, ...args], this.folder, env);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
