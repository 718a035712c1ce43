'use strict';
// Loads this platform's addon. The build copies this file to dist/, so that `../native.cjs` is right from src/, from
// dist/esm/ and from dist/cjs/ alike.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { addonName, platform } = require('./native-name.cjs');

function load() {
  const paths = [__dirname, join(__dirname, '..')].map((folder) => join(folder, addonName()));
  const found = paths.find((path) => existsSync(path));
  if (found) return require(found);
  const error = new Error(
    `there is neither ${paths.join(' nor ')}: in a checkout run "npm run build"; an installed package without it ` +
      `does not support this platform (${platform()}, Node ${process.versions.node})`,
  );
  error.code = 'ADDON_MISSING';
  throw error;
}

// A function, and not the addon itself: importing the package must load nothing.
module.exports = { load };
