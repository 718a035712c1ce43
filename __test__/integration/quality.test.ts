import { inject } from 'vitest';
import { quality } from '../scenario/quality.js';
import { withKafka } from './support.js';

withKafka();

quality('kafka', () => ({ bootstrapServers: inject('kafka').bootstrapServers }));
