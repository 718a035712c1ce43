import { leave, sleep } from '../lib/measure.mjs';
import { ProsodyClient } from '../lib/prosody.mjs';
import { config, consumeRole } from '../lib/role-consume.mjs';

const { bootstrap, topic, group, options = {} } = config;
const role = consumeRole();
const client = new ProsodyClient({
  bootstrapServers: bootstrap,
  groupId: group,
  subscribedTopics: topic,
  probePort: null,
  ...options.client,
});

// A handler that does not declare `signal` is spared its cost; each form is a row of its own.
const handlers = {
  2: {
    async onMessage(context, message) {
      const wait = role.handle(message.key, message.rawPayload);
      if (wait) await wait;
    },
  },
  3: {
    async onMessage(context, message, signal) {
      if (signal.aborted) throw signal.reason;
      const wait = role.handle(message.key, message.rawPayload);
      if (wait) await wait;
    },
  },
};

await client.subscribe(handlers[options.parameters ?? 3]);
while (client.assignedPartitionCount === 0) await sleep(20);
role.ready();
await role.finished;
await leave(() => client.unsubscribe(), 35_000);
