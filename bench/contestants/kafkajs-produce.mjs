import kafkajs from 'kafkajs';
import { config, produceRole } from '../lib/role-produce.mjs';

const { bootstrap, topic, options = {} } = config;
const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.ERROR });
const producer = kafka.producer({ ...options.producer });
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
