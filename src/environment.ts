const KAFKA_NAMES = new Set(['KAFKA_BROKERS', 'KAFKA_CLIENT_ID', 'KAFKA_CONSUMER_GROUP_ID']);

/**
 * The environment variables that configure a client, and no others: the one place that reads `process.env`.
 */
export function environmentSnapshot(environment: NodeJS.ProcessEnv = process.env): [string, string][] {
  const found: [string, string][] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (name.startsWith('PROSODY_') || KAFKA_NAMES.has(name)))
      found.push([name, value]);
  }
  return found;
}
