'use strict';
// Loads the addon of this platform. It is copied to dist/ by the build, so that `../native.cjs` is right from src/,
// from dist/esm/ and from dist/cjs/ alike.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

function platform() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return base;
  return isMusl() ? `${base}-musl` : `${base}-gnu`;
}

function isMusl() {
  try {
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl');
  } catch {
    return !process.report?.getReport().header.glibcVersionRuntime;
  }
}

function load() {
  const override = process.env.PROSODY_ADDON_PATH;
  if (override) return require(override);
  const name = `prosody.${platform()}.node`;
  for (const folder of [__dirname, join(__dirname, '..')]) {
    const path = join(folder, name);
    if (existsSync(path)) return require(path);
  }
  const error = new Error(
    `the addon ${name} is not here: in a checkout run "npm run build"; as an installed package it does not ` +
      `support this platform (${platform()}, Node ${process.versions.node})`,
  );
  error.code = 'ADDON_MISSING';
  throw error;
}

module.exports = load();
