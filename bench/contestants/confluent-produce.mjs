import confluent from '@confluentinc/kafka-javascript';
import { config, produceRole } from '../lib/role-produce.mjs';

const { bootstrap, topic, options = {} } = config;
const { Kafka, logLevel } = confluent.KafkaJS;
const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: logLevel.ERROR } });
const producer = kafka.producer({ kafkaJS: { acks: -1, ...options.kafkaJS }, ...options.producer });
const message = ({ key, payload }) => ({ key, value: JSON.stringify(payload) });

await produceRole({
  connect: () => producer.connect(),
  one: (record) => producer.send({ topic, messages: [message(record)] }),
  many: async (records) => {
    await producer.send({ topic, messages: records.map(message) });
    return records.length;
  },
  close: () => producer.disconnect(),
});
