// Global set-up of the integration suite: one Kafka for all its files. When it does not start, the run fails.
//
//   import { inject } from 'vitest';
//   const { bootstrapServers } = inject('kafka');
//
// For a faster loop start one yourself and name its folder:
//   KAFKA_SASL=all scripts/kafka start .cache/kafka
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
      /** TLS listeners with a certificate that has expired, with another host's, and that ask for the client's own. */
      faulty: { expired: string; otherHost: string; mutual: string };
      saslPlaintextBootstrapServers: string;
      /** Data folder: `scripts/kafka kill DIR` and the like act on this broker. */
      dir: string;
    };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = process.env['TEST_KAFKA_DIR'];
  const kafka = await startKafka({
    sasl: 'all',
    quiet: true,
    extra: { 'num.partitions': 4 },
    ...(dir === undefined ? {} : { dir, owned: false }),
  });
  console.log(`Kafka runs on ${kafka.bootstrapServers}`);
  const { bootstrapServers, saslBootstrapServers, caFile, username, password } = kafka;
  const { expiredBootstrapServers: expired, otherHostBootstrapServers: otherHost } = kafka;
  const { mutualBootstrapServers: mutual, saslPlaintextBootstrapServers } = kafka;
  const all = expired && otherHost && mutual && saslPlaintextBootstrapServers;
  if (!saslBootstrapServers || !caFile || !username || !password || !all) {
    throw new Error(`the Kafka in ${kafka.dir} lacks listeners: start it with KAFKA_SASL=all`);
  }
  project.provide('kafka', {
    bootstrapServers,
    saslBootstrapServers,
    caFile,
    username,
    password,
    faulty: { expired, otherHost, mutual },
    saslPlaintextBootstrapServers,
    dir: kafka.dir,
  });
  return async () => {
    if (dir !== undefined) return;
    await kafka.stop();
    console.log('Kafka stopped');
  };
}
