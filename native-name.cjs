'use strict';
// The file name of this platform's addon, shared by the loader and the build.
const { readFileSync } = require('node:fs');

function platform() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return base;
  return isMusl() ? `${base}-musl` : `${base}-gnu`;
}

function isMusl() {
  try {
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl');
  } catch {
    return !process.report.getReport().header.glibcVersionRuntime;
  }
}

exports.platform = platform;
exports.addonName = () => `prosody.${platform()}.node`;
