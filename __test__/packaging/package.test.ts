import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, packedFiles } from './installed.js';

let files: { path: string }[];
let project: Project;
beforeAll(async () => {
  files = await packedFiles();
  project = new Project(files);
});
afterAll(() => {
  project.remove();
});

const NAMES = [
  ...[
    'AdminClient',
    'ClosedError',
    'ConfigurationError',
    'ConsumerState',
    'Mode',
    'PayloadError',
    'PermanentError',
  ],
  ...[
    'ProsodyClient',
    'ProsodyError',
    'SendError',
    'TimerError',
    'TransientError',
    'getCurrentLogger',
    'permanent',
  ],
  ...['setLogger', 'setLoggerIfUnset', 'transient'],
];

it('what_is_packed_is_the_addon_the_loader_both_builds_and_nothing_of_the_workshop', () => {
  const paths = files.map(({ path }) => path);
  for (const path of ['package.json', 'README.md', 'LICENSE', 'dist/native.cjs', 'dist/native-name.cjs']) {
    expect(paths).toContain(path);
  }
  for (const build of ['esm', 'cjs']) {
    expect(paths).toContain(`dist/${build}/index.js`);
    expect(paths).toContain(`dist/${build}/index.d.ts`);
  }
  expect(paths.filter((path) => path.endsWith('.node'))).toHaveLength(1);
  const known = /^(package\.json|README\.md|LICENSE|prosody\.[\w-]+\.node|dist\/(esm|cjs|native))/;
  expect(paths.filter((path) => !known.test(path))).toEqual([]);
});

describe('the installed package', () => {
  const exchange = `
    const client = new ProsodyClient({ mock: true, groupId: 'g', subscribedTopics: 't', sourceSystem: 's' });
    const got = new Promise((resolve) => client.subscribe({ onMessage: (_context, message) => resolve(message.payload) }));
    client.send('t', 'k', 'over').then(() => got).then(async (payload) => {
      await client.unsubscribe();
      console.log(payload);
    });`;

  it('is_imported', async () => {
    project.write(
      'import.mjs',
      `import { ProsodyClient, setLogger } from '@prosody-events/prosody';${quiet}${exchange}`,
    );
    expect(await project.node('import.mjs')).toMatchObject({ code: 0, out: 'over\n', err: '' });
  });

  it('is_required', async () => {
    const text = `const { ProsodyClient, setLogger } = require('@prosody-events/prosody');${quiet}${exchange}`;
    project.write('require.cjs', text);
    expect(await project.node('require.cjs')).toMatchObject({ code: 0, out: 'over\n', err: '' });
  });

  it('has_the_same_names_either_way', async () => {
    project.write(
      'names.mjs',
      `import { createRequire } from 'node:module';
       import * as esm from '@prosody-events/prosody';
       const cjs = createRequire(import.meta.url)('@prosody-events/prosody');
       const names = (module) => Object.keys(module).filter((name) => !['default', 'module.exports', '__esModule'].includes(name)).sort();
       console.log(JSON.stringify([names(esm), names(cjs)]));`,
    );
    const { out } = await project.node('names.mjs');
    const [esm, cjs] = JSON.parse(out) as [string[], string[]];
    expect(esm).toEqual(cjs);
    expect(esm).toEqual(expect.arrayContaining(NAMES));
  });

  it('knows_a_permanent_error_of_its_other_build', async () => {
    project.write(
      'both.mjs',
      `import { createRequire } from 'node:module';
       import { ProsodyClient, setLogger } from '@prosody-events/prosody';${quiet}
       const { PermanentError } = createRequire(import.meta.url)('@prosody-events/prosody');
       const client = new ProsodyClient({ mock: true, groupId: 'g', subscribedTopics: 't', sourceSystem: 's' });
       const seen = [];
       const done = new Promise((resolve) => client.subscribe({ onMessage(_context, { payload, attempt }) {
         seen.push([payload, attempt].join('/'));
         if (payload === 2) resolve();
         else throw new PermanentError('never');
       } }));
       await client.sendMany([1, 2].map((payload) => ({ topic: 't', key: 'k', payload })));
       await done;
       await client.unsubscribe();
       console.log(seen.join(' '));`,
    );
    expect(await project.node('both.mjs')).toMatchObject({ code: 0, out: '1/1 2/1\n', err: '' });
  });

  it('does_nothing_at_import_and_needs_the_addon_only_then', async () => {
    project.write(
      'nothing.mjs',
      `const looks = () => JSON.stringify({
         globals: Reflect.ownKeys(globalThis).map(String),
         listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
         active: process.getActiveResourcesInfo(),
         warned: process.env.PROSODY_BOOTSTRAP_SERVER,
       });
       const before = looks();
       const { ProsodyClient } = await import('@prosody-events/prosody');
       const after = looks();
       const addons = process.report.getReport().sharedObjects.filter((path) => path.includes('prosody'));
       let code;
       try { new ProsodyClient({ mock: true }); } catch (error) { code = error.code; }
       console.log(JSON.stringify({ same: before === after, addons, code }));`,
    );
    const { addonName } = (await import('../../native-name.cjs' as string)) as { addonName: () => string };
    const addon = join(project.folder, 'node_modules/@prosody-events/prosody', addonName());
    renameSync(addon, `${addon}.away`);
    try {
      const { out, err } = await project.node('nothing.mjs', { PROSODY_BOOTSTRAP_SERVER: 'misspelt' });
      expect(err).toBe('');
      expect(JSON.parse(out)).toEqual({ same: true, addons: [], code: 'ADDON_MISSING' });
    } finally {
      renameSync(`${addon}.away`, addon);
    }
  });
});

const quiet = `
    const nothing = () => undefined;
    setLogger({ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing });`;

describe('types', () => {
  const usage = `
    const client: ProsodyClient = new ProsodyClient({ mock: true, mode: Mode.Pipeline, maxConcurrency: 8 });
    const state: ConsumerState = client.consumerState;
    const results: Promise<SendResult[]> = client.sendMany([{ topic: 't', key: null, payload: 1 }]);
    void client.subscribe({
      async onMessage(context: Context, message: Message<{ n: number }>, signal: AbortSignal) {
        const sum: number = message.payload.n + message.offset + (context.shouldCancel ? 1 : 0);
        if (sum < 0 || signal.aborted) throw new PermanentError('negative');
      },
    });
    // @ts-expect-error there is no such option
    new ProsodyClient({ maxConcurency: 8 });
    // @ts-expect-error a key is a string or null
    void client.send('t', 1, {});
    void [state, results];
    export {};`;
  const values = 'ConsumerState, Mode, PermanentError, ProsodyClient, permanent';
  const types = 'type Context, type Message, type SendResult';
  const decorated = `
    export class Handler { @permanent(RangeError) async onMessage(_context: Context, _message: Message): Promise<void> {} }`;

  beforeAll(() => {
    project.write(
      'usage.mts',
      `import { ${values}, ${types} } from '@prosody-events/prosody';${usage}${decorated}`,
    );
    project.write(
      'usage.cts',
      `import { ${values}, ${types} } from '@prosody-events/prosody';${usage}${decorated}`,
    );
    project.write(
      'usage.ts',
      `import { ${values}, ${types} } from '@prosody-events/prosody';${usage}${decorated}`,
    );
  });

  it.each([
    [
      'node16',
      ['usage.mts', 'usage.cts', 'usage.ts'],
      { module: 'node16', moduleResolution: 'node16', esModuleInterop: false },
    ],
    [
      'bundler_with_legacy_decorators',
      ['usage.ts'],
      { module: 'esnext', moduleResolution: 'bundler', experimentalDecorators: true },
    ],
  ])('resolve_under_%s', async (_name, files, options) => {
    expect(await project.typecheck(files, options)).toEqual({ code: 0, out: '', err: '' });
  });
});
