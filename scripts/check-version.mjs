// Refuses a release whose tag, package.json and Cargo.toml do not name one version: node scripts/check-version.mjs v0.1.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib.mjs';

const tag = process.argv[2]?.replace(/^v/, '');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const crates = /^version = "(.+)"$/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))?.[1];
if (tag !== version || crates !== version) {
  console.error(`the tag says ${tag}, package.json ${version}, Cargo.toml ${crates}: make them one`);
  process.exitCode = 1;
}
