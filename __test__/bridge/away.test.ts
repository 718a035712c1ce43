import { away } from '../scenario/away.js';

let number = 0;

away(
  () => ({ mock: true, bootstrapServers: 'away:9092' }),
  (name) => `${name}-${(number += 1)}`,
);
