import { starts } from '../scenario/starts.js';

let number = 0;

starts(
  () => ({ mock: true, bootstrapServers: 'starts:9092' }),
  (name) => `${name}-${(number += 1)}`,
);
