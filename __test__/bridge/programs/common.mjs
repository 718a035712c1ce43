// What the programs share. They use the built package, as an application would.
import { ProsodyClient, setLogger } from '@prosody-events/prosody';

const quiet = () => undefined;
setLogger({ trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet });

export function client(more = {}) {
  const config = { mock: true, groupId: 'group', subscribedTopics: 'topic', sourceSystem: 'program' };
  return new ProsodyClient({ ...config, ...more });
}

/** Sends for as long as the process or worker lives. */
export async function sendForEver(sender) {
  for (let n = 0; ; n++) {
    const records = Array.from({ length: 50 }, (_, at) => ({ topic: 'topic', key: `key${at}`, payload: n }));
    await sender.sendMany(records);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
