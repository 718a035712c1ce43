import { Producer, stringSerializers } from '@platformatic/kafka';
import { config, produceRole } from '../lib/role-produce.mjs';

const { bootstrap, topic, options = {} } = config;
const producer = new Producer({
  clientId: 'bench',
  bootstrapBrokers: [bootstrap],
  serializers: stringSerializers,
  acks: -1,
  ...options.producer,
});
const message = ({ key, payload }) => ({ topic, key, value: JSON.stringify(payload) });

await produceRole({
  connect: () => producer.metadata({ topics: [topic] }),
  one: (record) => producer.send({ messages: [message(record)] }),
  many: async (records) => {
    await producer.send({ messages: records.map(message) });
    return records.length;
  },
  close: () => producer.close(),
});
