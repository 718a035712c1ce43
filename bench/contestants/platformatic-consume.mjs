import { Consumer, stringDeserializer } from '@platformatic/kafka';
import { leave } from '../lib/measure.mjs';
import { config, consumeRole } from '../lib/role-consume.mjs';

const { bootstrap, topic, group, options = {} } = config;
const role = consumeRole();
const consumer = new Consumer({
  clientId: 'bench',
  groupId: group,
  bootstrapBrokers: [bootstrap],
  deserializers: { key: stringDeserializer },
  ...options.consumer,
});
const stream = await consumer.consume({ topics: [topic], mode: 'earliest', ...options.consume });
role.ready();
role.finished.then(() => leave(() => consumer.close(true)));

if (options.api === 'iterate') {
  for await (const message of stream) {
    const wait = role.handle(message.key, message.value);
    if (wait) await wait;
  }
} else {
  stream.on('data', async (message) => {
    const wait = role.handle(message.key, message.value);
    if (wait) await wait;
  });
}
