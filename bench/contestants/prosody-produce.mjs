import { ProsodyClient } from '../lib/prosody.mjs';
import { config, produceRole } from '../lib/role-produce.mjs';

const { bootstrap, topic, options = {} } = config;
const client = new ProsodyClient({ bootstrapServers: bootstrap, sourceSystem: 'bench', ...options.client });

await produceRole({
  connect: async () => {},
  one: ({ key, payload }) => client.send(topic, key, payload),
  many: async (records) => {
    const results = await client.sendMany(records.map(({ key, payload }) => ({ topic, key, payload })));
    return results.reduce((sum, result) => sum + (result.ok ? 1 : 0), 0);
  },
  close: () => client.flush(),
});
