import { p1, p1d } from './p1.mjs';
import { p4 } from './p4.mjs';
import { p5 } from './p5.mjs';
import { p6 } from './p6.mjs';
import { p7 } from './p7.mjs';
import { p11 } from './p11.mjs';
import { p10, p8, p9 } from './sends.mjs';

export const scenarios = [p1, p1d, p4, p5, p6, p7, p8, p9, p10, p11];
