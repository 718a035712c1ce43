// The rows, in the order in which they are run.
import * as flood from './rows/flood.mjs';
import * as large from './rows/large.mjs';
import * as outage from './rows/outage.mjs';
import * as recovery from './rows/recovery.mjs';
import * as stuck from './rows/stuck.mjs';
import * as tenth from './rows/tenth.mjs';

export const rows = [tenth, recovery, flood, stuck, outage, large];
