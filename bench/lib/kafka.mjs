// A broker of the benchmark's own, with the full compiler: the quick start-up one doubles its cost a request.
import { startKafka } from '../../scripts/kafka.mjs';

export async function startBroker(log) {
  const kafka = await startKafka({ jit: 'full', quiet: true });
  log(`Kafka at ${kafka.bootstrapServers}`);
  return {
    bootstrap: kafka.bootstrapServers,
    about: 'one broker of scripts/kafka, full compiler',
    stop: () => kafka.stop(),
  };
}
