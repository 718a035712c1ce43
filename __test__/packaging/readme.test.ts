import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Project, cleanEnvironment, root, run } from './installed.js';

/** A block marked `ts run` is a program: it must print its `// prints:` lines, on the broker in memory. */
interface Block {
  name: string;
  text: string;
  runs: boolean;
  prints: string[];
}

const pages = ['README.md', 'docs/explain.md']
  .map((page) => readFileSync(join(root, page), 'utf8'))
  .join('\n');
const blocks: Block[] = [...pages.matchAll(/^```ts( run)?\n([\s\S]*?)^```$/gm)].map(
  ([, mark, text = ''], index) => ({
    name: `block${index + 1}`,
    text,
    runs: mark !== undefined,
    prints: [...text.matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line]) => line ?? ''),
  }),
);

let project: Project;
beforeAll(() => {
  project = new Project();
  for (const { name, text } of blocks) project.write(`${name}.mts`, text);
});
afterAll(() => {
  project.remove();
});

it('has_samples_to_check', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  expect(blocks.filter(({ runs }) => runs).every(({ prints }) => prints.length > 0)).toBe(true);
});

it('every_sample_fits_the_types_of_the_package', async () => {
  const files = blocks.map(({ name }) => `${name}.mts`);
  expect(await project.typecheck(files, { module: 'node16' })).toEqual({ code: 0, out: '', err: '' });
});

it('every_program_does_what_it_says', async () => {
  const files = blocks.filter(({ runs }) => runs).map(({ name }) => `${name}.mts`);
  const args = [
    ...files,
    '--module',
    'node16',
    '--target',
    'es2022',
    '--skipLibCheck',
    '--outDir',
    'out',
    '--types',
    'node',
  ];
  expect(await run(join(root, 'node_modules/.bin/tsc'), args, project.folder)).toMatchObject({
    code: 0,
    out: '',
  });
  for (const { name, prints } of blocks.filter(({ runs }) => runs)) {
    expect(await play(join('out', `${name}.mjs`), prints), name).toEqual({ missing: [], code: 0 });
  }
});

/** Runs a program until it has printed all lines; one that then goes on is asked to end, as it would be in earnest. */
function play(
  file: string,
  prints: string[],
): Promise<{ missing: string[]; code: number | null; err?: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], {
      cwd: project.folder,
      env: { ...cleanEnvironment(), PROSODY_MOCK: 'true' },
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), 20_000);
    let out = '';
    let err = '';
    let asked = false;
    const missing = (): string[] => prints.filter((line) => !out.split('\n').includes(line));
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
      if (asked || missing().length > 0) return;
      // Once: a program listens for the first signal, and the second would end it. And after a moment, for it may
      // end by itself.
      asked = true;
      setTimeout(() => child.kill('SIGTERM'), 500).unref();
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      resolve({ missing: missing(), code, ...(code === 0 ? {} : { err }) });
    });
  });
}
