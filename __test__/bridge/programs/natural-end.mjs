// Ends by itself, or does not: WHAT says what is left running when the module has been evaluated.
import { AdminClient } from '@prosody-events/prosody';
import { client } from './common.mjs';

const [what] = process.argv.slice(2);
const one = client(what.startsWith('producer') ? { groupId: null } : {});
if (what === 'producer') await one.send('topic', 'key', 1);
if (what === 'producer-unawaited') one.send('topic', 'key', 1).then(() => console.log('acknowledged'));
if (what === 'admin') await new AdminClient({ mock: true }).createTopic('other', 1, 1);
if (what === 'failed-subscribe') {
  const two = client({ groupId: null });
  void two.subscribe({ onMessage() {} });
}
if (what === 'consumer') await one.subscribe({ onMessage() {} });
if (what === 'unsubscribed') {
  await one.subscribe({ onMessage() {} });
  await one.unsubscribe();
}
if (what === 'later') {
  const onMessage = () => {
    console.log('handled');
    setTimeout(() => one.unsubscribe(), 300).unref();
  };
  await one.subscribe({ onMessage });
  setTimeout(() => one.send('topic', 'key', 1), 50).unref();
}
console.log('ready');
