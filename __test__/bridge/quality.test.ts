import { randomUUID } from 'node:crypto';
import { quality } from '../scenario/quality.js';
import { withMockBroker } from './support.js';

withMockBroker();

quality('mock', () => ({ mock: true, bootstrapServers: `${randomUUID()}:1` }));
