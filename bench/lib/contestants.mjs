// Who runs, and with which settings: each peer with those at which it was fastest here, its defaults beside them.
// What is written here goes into the results and the tables as it stands.

const MIB = 1 << 20;

export const consumers = {
  bare: { name: 'bare librdkafka, batch queue', bare: true },
  kafkajsMessage: {
    name: 'KafkaJS eachMessage',
    file: 'kafkajs-consume.mjs',
    options: { api: 'eachMessage' },
  },
  kafkajsFour: {
    name: 'KafkaJS eachMessage, 4 partitions at once',
    file: 'kafkajs-consume.mjs',
    options: { api: 'eachMessage', run: { partitionsConsumedConcurrently: 4 } },
  },
  kafkajsBatch: { name: 'KafkaJS eachBatch', file: 'kafkajs-consume.mjs', options: { api: 'eachBatch' } },
  confluent: { name: 'Confluent eachMessage', file: 'confluent-consume.mjs', options: {} },
  confluentSmall: {
    name: 'Confluent eachMessage, small cache',
    file: 'confluent-consume.mjs',
    options: { consumer: { 'js.consumer.max.cache.size.per.worker.ms': 10 } },
  },
  platformaticData: {
    name: 'Platformatic data event',
    file: 'platformatic-consume.mjs',
    options: { api: 'data' },
  },
  platformaticData1m: {
    name: 'Platformatic data event, 1 MiB fetches',
    file: 'platformatic-consume.mjs',
    options: { api: 'data', consume: { maxBytes: MIB, maxBytesPerPartition: MIB } },
  },
  platformaticIterate: {
    name: 'Platformatic for await',
    file: 'platformatic-consume.mjs',
    options: { api: 'iterate' },
  },
  platformaticIterate1m: {
    name: 'Platformatic for await, 1 MiB fetches',
    file: 'platformatic-consume.mjs',
    options: { api: 'iterate', consume: { maxBytes: MIB, maxBytesPerPartition: MIB } },
  },
};

/** Ours, with a handler of two or three parameters. */
export function prosody(name, parameters, client = {}) {
  return { name, ours: true, file: 'prosody-consume.mjs', options: { parameters, client } };
}

export const producers = {
  bare: (name, options) => ({ name, bare: true, options }),
  kafkajs: (name, options = {}) => ({ name, file: 'kafkajs-produce.mjs', options }),
  confluent: (name, producer, idempotent) => ({
    name,
    file: 'confluent-produce.mjs',
    options: { producer, ...(idempotent ? { kafkaJS: { idempotent } } : {}) },
  }),
  platformatic: (name, options = {}) => ({ name, file: 'platformatic-produce.mjs', options }),
  prosody: (name, client = {}) => ({ name, ours: true, file: 'prosody-produce.mjs', options: { client } }),
};
