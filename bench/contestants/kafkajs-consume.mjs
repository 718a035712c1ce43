import kafkajs from 'kafkajs';
import { leave } from '../lib/measure.mjs';
import { config, consumeRole } from '../lib/role-consume.mjs';

const { bootstrap, topic, group, options = {} } = config;
const role = consumeRole();
const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId: group, ...options.consumer });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
consumer.on(consumer.events.GROUP_JOIN, () => role.ready());

const eachMessage = async ({ message }) => {
  const wait = role.handle(message.key.toString('latin1'), message.value);
  if (wait) await wait;
};
const eachBatch = async ({ batch }) => {
  for (const message of batch.messages) {
    const wait = role.handle(message.key.toString('latin1'), message.value);
    if (wait) await wait;
  }
};
await consumer.run({ ...options.run, ...(options.api === 'eachBatch' ? { eachBatch } : { eachMessage }) });
await role.finished;
await leave(() => consumer.disconnect());
