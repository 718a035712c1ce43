import confluent from '@confluentinc/kafka-javascript';
import { leave, sleep } from '../lib/measure.mjs';
import { config, consumeRole } from '../lib/role-consume.mjs';

const { bootstrap, topic, group, options = {} } = config;
const { Kafka, logLevel } = confluent.KafkaJS;
const role = consumeRole();
const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: logLevel.ERROR } });
const consumer = kafka.consumer({ kafkaJS: { groupId: group, fromBeginning: true }, ...options.consumer });
await consumer.connect();
await consumer.subscribe({ topic });
await consumer.run({
  ...options.run,
  eachMessage: async ({ message }) => {
    const wait = role.handle(message.key.toString('latin1'), message.value);
    if (wait) await wait;
  },
});
while (consumer.assignment().length === 0) await sleep(20);
role.ready();
await role.finished;
await leave(() => consumer.disconnect());
