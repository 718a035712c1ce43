// Global set-up of the integration suite: one Kafka for all its files. When it does not start, the run fails.
//
//   import { inject } from 'vitest';
//   const { bootstrapServers } = inject('kafka');
//
// For a faster loop start one yourself and name its folder:
//   KAFKA_SASL=1 scripts/kafka start .cache/kafka
//   TEST_KAFKA_DIR=.cache/kafka npx vitest --project integration
import type { TestProject } from 'vitest/node';
import { startKafka } from './kafka.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: {
      bootstrapServers: string;
      saslBootstrapServers: string;
      caFile: string;
      username: string;
      password: string;
      /** Data folder: `scripts/kafka kill DIR` and the like act on this broker. */
      dir: string;
    };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = process.env['TEST_KAFKA_DIR'];
  const kafka = await startKafka({
    sasl: true,
    quiet: true,
    extra: { 'num.partitions': 4 },
    ...(dir === undefined ? {} : { dir, owned: false }),
  });
  console.log(`Kafka runs on ${kafka.bootstrapServers}`);
  const { bootstrapServers, saslBootstrapServers, caFile, username, password } = kafka;
  if (!saslBootstrapServers || !caFile || !username || !password) {
    throw new Error(`the Kafka in ${kafka.dir} has no SASL listener: start it with KAFKA_SASL=1`);
  }
  project.provide('kafka', {
    bootstrapServers,
    saslBootstrapServers,
    caFile,
    username,
    password,
    dir: kafka.dir,
  });
  return async () => {
    if (dir !== undefined) return;
    await kafka.stop();
    console.log('Kafka stopped');
  };
}
