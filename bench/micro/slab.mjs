// What one message costs between the native side and a handler, and one send the other way, without a native side:
// a slab of 1,024 rows is delivered as the addon delivers it, the outcomes are thrown away.
//
//   node scripts/build.mjs --only ts && node bench/micro/slab.mjs [rounds]
import { ProsodyClient } from '../../dist/esm/index.js';
import { provideNative } from '../../dist/esm/native.js';

const ROWS = 1_024;
const rounds = Number(process.argv[2] ?? 200);
const topic = Buffer.from('orders');

function slab(rows) {
  const keys = Array.from({ length: rows }, (_, at) => Buffer.from(`user-${at % 4_000}`));
  const value = Buffer.from(JSON.stringify({ id: 'a1b2c3d4', type: 'order.created', amount: 12.5, items: [1, 2, 3] }));
  const table = Buffer.alloc(8 + (rows + 1) * 64);
  table.writeUInt32LE(1, 0);
  table.writeUInt32LE(rows + 1, 4);
  table.writeUInt32LE(3, 8);
  table.writeUInt32LE(table.length, 40);
  table.writeInt32LE(topic.length, 44);
  let end = table.length + topic.length;
  const bodies = [topic];
  keys.forEach((key, index) => {
    const at = 8 + (index + 1) * 64;
    table.writeUInt32LE(1, at);
    table.writeUInt32LE(index, at + 4);
    table.writeUInt32LE(1, at + 8);
    table.writeDoubleLE(index, at + 16);
    table.writeDoubleLE(1.7e12, at + 24);
    table.writeUInt32LE(end, at + 32);
    table.writeInt32LE(key.length, at + 36);
    table.writeInt32LE(value.length, at + 40);
    table.writeUInt32LE(1, at + 48);
    bodies.push(key, value);
    end += key.length + value.length;
  });
  const whole = Buffer.concat([table, ...bodies]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length);
}

class FakeNative {
  static last;
  settledCount = 0;
  constructor(_options, _environment, sink) {
    this.sink = sink;
    FakeNative.last = this;
  }
  settings() {
    return '{"sourceSystem":"bench","sendTimeoutMs":1000}';
  }
  subscribe() {
    return Promise.resolve();
  }
  unsubscribe() {
    return Promise.resolve();
  }
  settle(_rows, count) {
    this.settledCount += count;
    return null;
  }
  state() {
    return 1;
  }
  send(_bytes, count) {
    this.sent = count;
  }
  reports() {
    const bytes = Buffer.alloc(8 + this.sent * 32);
    bytes.writeUInt32LE(this.sent, 0);
    for (let at = 0; at < this.sent; at++) {
      bytes.writeUInt32LE(at, 8 + at * 32);
      bytes.writeUInt32LE(1, 12 + at * 32);
    }
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// Processor time, not wall time: other work on the machine counts less. The collector's threads are in it.
function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

async function measure(name, act) {
  const times = [];
  for (let sample = 0; sample < 7; sample++) {
    const start = cpuNs();
    for (let round = 0; round < rounds; round++) await act();
    times.push((cpuNs() - start) / (rounds * ROWS));
  }
  // The first samples run code that is not optimised yet.
  const settled = times.slice(2);
  const ns = median(settled);
  const least = Math.min(...settled);
  console.log(`${name.padEnd(44)} ${ns.toFixed(0).padStart(6)} ns (least ${least.toFixed(0)})`);
}

async function receiving(name, handler) {
  const client = new ProsodyClient();
  await client.subscribe(handler);
  const native = FakeNative.last;
  const template = slab(ROWS);
  // A fresh buffer each time, as the addon does; the copy is part of the figure.
  await measure(name, async () => {
    native.sink(0, template.slice(0));
    await turn();
  });
  await client.unsubscribe();
}

async function sending(name, send) {
  const client = new ProsodyClient();
  const native = FakeNative.last;
  await measure(name, async () => {
    const all = send(client);
    await Promise.resolve();
    native.sink(1, native.reports());
    await all;
  });
}

provideNative({ NativeClient: FakeNative });
console.log(`Node ${process.versions.node}, slabs of ${ROWS} messages`);
const payload = { id: 'a1b2c3d4', type: 'order.created', amount: 12.5, items: [1, 2, 3] };
const json = JSON.stringify(payload);
await measure('(JSON.parse alone)', () => { for (let at = 0; at < ROWS; at++) JSON.parse(json); });
await measure('(JSON.stringify alone)', () => { for (let at = 0; at < ROWS; at++) JSON.stringify(payload); });
await receiving('sync handler, nothing read', { onMessage() {} });
await receiving('async handler, nothing read', { async onMessage() {} });
await receiving('async handler, key', { async onMessage(_context, message) { return message.key; } });
await receiving('async handler, key and payload', {
  async onMessage(_context, message) {
    return [message.key, message.payload];
  },
});
await receiving('async handler that awaits once, key', {
  async onMessage(_context, message) {
    await null;
    return message.key;
  },
});
await receiving('async handler, key, with a signal', { async onMessage(_context, message, _signal) { return message.key; } });
const bytes = Buffer.from(json);
const many = (value) => Array.from({ length: ROWS }, (_, at) => ({ topic: 'orders', key: `user-${at}`, payload: value }));
const manyObjects = many(payload);
await sending('send, JSON payload', (client) => Promise.all(manyObjects.map((r) => client.send(r.topic, r.key, r.payload))));
await sending('send, bytes', (client) => Promise.all(manyObjects.map((r) => client.send(r.topic, r.key, bytes))));
await sending('sendMany, JSON payload', (client) => client.sendMany(manyObjects));
