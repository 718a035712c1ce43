// This repository's own build, found the way an application finds it: through the exports of package.json.
import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
let entry = exports['.'] ?? exports;
while (typeof entry !== 'string') entry = entry.import ?? entry.default;

export const { ProsodyClient } = await import(new URL(entry, root).href);
