// What the scripts share: running commands, and knowing whether a step has anything to do. Node built-ins only,
// for these run before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

// rustup's folder is not on the path of a shell that reads no profile.
const path = [process.env.PATH, join(homedir(), '.cargo', 'bin')].join(delimiter);

/**
 * Runs a command in the project folder and resolves with what it printed on standard output; rejects when it fails.
 * `onLine` sees each line as it comes; `quiet` keeps it from the terminal.
 */
export function run(command, args, { env = {}, onLine, quiet = false, cwd = root } = {}) {
  return new Promise((done, fail) => {
    const tap = onLine !== undefined || quiet;
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: path, ...env },
      stdio: ['ignore', tap ? 'pipe' : 'inherit', 'inherit'],
    });
    let all = '';
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      all += chunk;
      if (!quiet) process.stdout.write(chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (onLine) lines.forEach((line) => onLine(line));
    });
    child.on('error', (error) => {
      fail(new Error(`could not run ${command}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      if (code === 0) done(all);
      else fail(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`));
    });
  });
}

export function runNpm(...args) {
  return run('npm', args);
}

/** The program of a development dependency. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', name);
}

const stampOf = (name) => join(root, '.cache', `${name}.stamp`);

/** Remembers that a step has been done with this content. */
export function stamp(name, content) {
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(stampOf(name), content);
}

/** Whether the step was done with this content. */
export function stamped(name, content) {
  return existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === content;
}

/** A digest of names, sizes and times of everything under the given paths: cheap, and changes with any edit. */
export function fingerprint(paths) {
  const digest = createHash('sha256');
  const visit = (path) => {
    if (!existsSync(path)) return;
    const stat = statSync(path);
    if (stat.isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    } else {
      digest.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
    }
  };
  for (const path of paths) visit(join(root, path));
  return digest.digest('hex');
}

/** Installs the npm packages of the lock file, unless exactly these are there. */
export async function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const marker = join(root, 'node_modules', '.prosody-lock');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return false;
  await runNpm('ci', '--no-audit', '--no-fund');
  writeFileSync(marker, lock);
  return true;
}

/** The value that follows `name` on the command line. */
export function option(name, fallback) {
  const at = process.argv.indexOf(name);
  return at === -1 ? fallback : process.argv[at + 1];
}
