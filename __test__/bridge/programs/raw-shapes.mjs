// Calls every export of the addon with wrong shapes. Each call must throw, or do the harmless thing that is written
// beside it; the process must live to print its last line.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { addonName } = require('../../../native-name.cjs');
const { NativeClient, NativeAdmin } = require(`../../../${addonName()}`);

const HUGE = 2 ** 32 - 1;
const nothing = () => undefined;
const options = { mock: true, groupId: 'group', subscribedTopics: 'topic' };
const client = new NativeClient(options, [], nothing);
const admin = new NativeAdmin({ mock: true }, [], nothing);

const detached = (array) => (structuredClone(array.buffer, { transfer: [array.buffer] }), array);
const wideCycle = { mock: true };
for (let index = 0; index < 20; index++) wideCycle[`key${index}`] = wideCycle;
const throwing = (property) =>
  Object.defineProperty({ mock: true }, property, { enumerable: true, get: fail });
function fail() {
  throw new Error('a getter threw');
}
const hostile = new Proxy({}, { ownKeys: fail, get: fail, getPrototypeOf: fail });

/** A packed record with one part of it changed. */
function record(change = nothing) {
  const bytes = Buffer.alloc(16 + 5 + 4 + 5 + 5 + 4 + 4);
  bytes.writeUInt32LE(7, 0);
  bytes.writeInt32LE(-1, 4);
  bytes.writeDoubleLE(-1, 8);
  bytes.writeUInt32LE(5, 16);
  bytes.write('topic', 20);
  bytes.writeInt32LE(1, 25);
  bytes.write('k', 29);
  bytes.writeInt32LE(1, 30);
  bytes.write('1', 34);
  bytes.writeUInt32LE(0, 35);
  const record = bytes.subarray(0, 39);
  change(record);
  return new Uint8Array(record);
}

const construct = [
  ['no arguments', () => new NativeClient()],
  ['options missing', () => new NativeClient(undefined, undefined, undefined)],
  ['options null', () => new NativeClient(null, [], nothing)],
  ['options a number', () => new NativeClient(1, [], nothing)],
  ['options a bigint', () => new NativeClient({ mock: true, groupId: 1n }, [], nothing)],
  ['options a function', () => new NativeClient(nothing, [], nothing)],
  ['options an array', () => new NativeClient([], [], nothing)],
  ['options a proxy that throws', () => new NativeClient(hostile, [], nothing)],
  ['options with a getter that throws', () => new NativeClient(throwing('groupId'), [], nothing)],
  ['options in a wide cycle', () => new NativeClient(wideCycle, [], nothing)],
  [
    'options with all of this process',
    () => new NativeClient({ mock: true, groupId: globalThis }, [], nothing),
  ],
  [
    'options with a list of 2^32-1',
    () => new NativeClient({ ...options, subscribedTopics: new Array(HUGE) }, [], nothing),
  ],
  ['environment null', () => new NativeClient(options, null, nothing)],
  ['environment a string', () => new NativeClient(options, 'ab', nothing)],
  ['environment no array', () => new NativeClient(options, { length: 3 }, nothing)],
  ['environment of short pairs', () => new NativeClient(options, [['a']], nothing)],
  ['environment of numbers', () => new NativeClient(options, [[1, 2]], nothing)],
  ['environment with a hole', () => new NativeClient(options, [, ['a', 'b']], nothing)],
  ['environment of 2^32-1 holes', () => new NativeClient(options, new Array(HUGE), nothing)],
  ['sink missing', () => new NativeClient(options, [])],
  ['sink null', () => new NativeClient(options, [], null)],
  ['sink an object', () => new NativeClient(options, [], {})],
  ['admin: no arguments', () => new NativeAdmin()],
  ['admin: options null', () => new NativeAdmin(null, [], nothing)],
  ['admin: environment a number', () => new NativeAdmin({ mock: true }, 1, nothing)],
  ['admin: a proxy that throws', () => new NativeAdmin(hostile, [], nothing)],
  ['admin: sink missing', () => new NativeAdmin({ mock: true }, [])],
  ['a foreign this', () => NativeClient.prototype.state.call({})],
  ['no this', () => NativeClient.prototype.settings.call(undefined)],
  ['the other class as this', () => NativeClient.prototype.state.call(admin)],
  ['the class as the other', () => NativeAdmin.prototype.deleteTopic.call(client, 'topic')],
  ['an object of our prototype', () => Object.create(NativeClient.prototype).state()],
];

const settle = [
  ['no arguments', []],
  ['null', [null, 1, undefined]],
  ['an array', [[1, 2, 3], 1, undefined]],
  ['an ArrayBuffer', [new ArrayBuffer(12), 1, undefined]],
  ['a DataView', [new DataView(new ArrayBuffer(12)), 1, undefined]],
  ['Float64Array', [new Float64Array(6), 1, undefined]],
  ['Uint8Array', [new Uint8Array(12), 1, undefined]],
  ['detached', [detached(new Uint32Array(3)), 1, undefined]],
  ['too short', [new Uint32Array(2), 1, undefined]],
  ['count 2^32-1', [new Uint32Array(3), HUGE, undefined]],
  ['count -1', [new Uint32Array(3), -1, undefined]],
  ['count a string', [new Uint32Array(3), '1', undefined]],
  ['count missing', [new Uint32Array(3)]],
  ['unknown code', [new Uint32Array([0, 0, 7]), 1, undefined]],
  ['a text that is not there', [new Uint32Array([0, 0, 0x201]), 1, ['{}']]],
  ['a text far away', [new Uint32Array([0, 0, 0xffffff01]), 1, ['{}']]],
  ['a text that is no JSON', [new Uint32Array([0, 0, 0x101]), 1, ['no']]],
  ['texts of numbers', [new Uint32Array(3), 1, [1]]],
  ['texts a string', [new Uint32Array(3), 1, 'text']],
  ['texts no array', [new Uint32Array(3), 1, { length: 3 }]],
  ['takes a string', [new Uint32Array(3), 1, undefined, 'yes']],
  ['texts of 2^32-1 holes', [new Uint32Array(3), 1, new Array(HUGE)]],
].map(([name, args]) => [`settle: ${name}`, () => client.settle(...args)]);

const whole = record();
const cuts = Array.from({ length: whole.length }, (_, length) => [
  `cut to ${length}`,
  [whole.subarray(0, length), 1],
]);
const send = [
  ...cuts,
  ['no arguments', []],
  ['a string', ['bytes', 1]],
  ['an ArrayBuffer', [new ArrayBuffer(39), 1]],
  ['Uint32Array', [new Uint32Array(10), 1]],
  ['detached', [detached(record()), 1]],
  ['count 2^32-1', [record(), HUGE]],
  ['count -1', [record(), -1]],
  ['count missing', [record()]],
  ['bytes too many', [record(), 0]],
  ['topic of 4 GiB', [record((bytes) => bytes.writeUInt32LE(HUGE, 16)), 1]],
  ['topic of no UTF-8', [record((bytes) => bytes.writeUInt8(0xff, 20)), 1]],
  ['key of 2 GiB', [record((bytes) => bytes.writeInt32LE(2 ** 31 - 1, 25)), 1]],
  ['value of 2 GiB', [record((bytes) => bytes.writeInt32LE(2 ** 31 - 1, 30)), 1]],
  ['headers of 4 GiB', [record((bytes) => bytes.writeUInt32LE(HUGE, 35)), 1]],
].map(([name, args]) => [`send: ${name}`, () => client.send(...args)]);

const others = [
  ['token: no arguments', () => client.token()],
  ['token: value null', () => client.token(null, 1, '', [])],
  ['token: end a string', () => client.token('a', 'b', '', [])],
  ['token: extensions a string', () => client.token('a', 1, '', 'ab')],
  ['token: a name without a value', () => client.token('a', 1, '', ['b'])],
  ['token: admin, extensions of numbers', () => admin.token('a', 1, '', [1, 2])],
  ['tokenFailed: no argument', () => client.tokenFailed()],
  ['tokenFailed: admin, a number', () => admin.tokenFailed(1)],
  ['subscribe: no argument', () => client.subscribe()],
  ['subscribe: a string', () => client.subscribe('1')],
  ['flush: no argument', () => client.flush()],
  ['flush: a string', () => client.flush('1')],
  ['flush: null', () => client.flush(null)],
  ['createTopic: no arguments', () => admin.createTopic()],
  ['createTopic: name null', () => admin.createTopic(null, 1, 1)],
  ['createTopic: partitions a string', () => admin.createTopic('a', 'b', 1)],
  ['createTopic: partitions 0', () => admin.createTopic('a', 0, 1)],
  ['createTopic: partitions -2', () => admin.createTopic('a', -2, 1)],
  ['createTopic: partitions 1.5', () => admin.createTopic('a', 1.5, 1)],
  ['createTopic: partitions NaN', () => admin.createTopic('a', NaN, 1)],
  ['createTopic: partitions 2^31-1', () => admin.createTopic('a', 2 ** 31 - 1, 1)],
  ['createTopic: partitions 2^32+1', () => admin.createTopic('a', 2 ** 32 + 1, 1)],
  ['createTopic: replication factor 2^53', () => admin.createTopic('a', 1, 2 ** 53)],
  ['createTopic: name empty', () => admin.createTopic('', 1, 1)],
  ['createTopic: name with a slash', () => admin.createTopic('a/b', 1, 1)],
  ['deleteTopic: no argument', () => admin.deleteTopic()],
  ['deleteTopic: an unknown one', () => admin.deleteTopic('nowhere')],
];

/** These may be odd, but there is a harmless meaning; they must only not end the process. */
const harmless = [
  ['settle of nothing', () => client.settle(new Uint32Array(0), 0, undefined)],
  ['settle of nothing in a detached array', () => client.settle(detached(new Uint32Array(3)), 0, undefined)],
  ['settle of an event that never was', () => client.settle(new Uint32Array([HUGE, HUGE, 0]), 1, undefined)],
  ['settle in shared memory', () => client.settle(new Uint32Array(new SharedArrayBuffer(12)), 1, undefined)],
  ['settle that takes', () => client.settle(new Uint32Array(3), 1, undefined, true)],
  ['settle with texts null', () => client.settle(new Uint32Array(3), 1, null)],
  ['send of nothing', () => client.send(new Uint8Array(0), 0)],
  [
    'send of a timestamp that is NaN',
    () =>
      client.send(
        record((bytes) => bytes.writeDoubleLE(NaN, 8)),
        1,
      ),
  ],
  [
    'send to partition 2^31-1',
    () =>
      client.send(
        record((bytes) => bytes.writeInt32LE(2 ** 31 - 1, 4)),
        1,
      ),
  ],
  ['a token that nobody wants', () => client.token('a', NaN, '', ['b', 'c'])],
  ['a token in the year 1e300', () => client.token('a', 1e300, '', [])],
  ['no token that nobody wants', () => client.tokenFailed('')],
  ['flush for NaN', () => client.flush(NaN)],
  ['flush for -1', () => client.flush(-1)],
  ['flush for 1e300', () => client.flush(1e300)],
  ['a client without new', () => NativeClient(options, [], nothing)],
  ['a client built as another class', () => Reflect.construct(NativeClient, [options, [], nothing], Object)],
  ['a sink that throws', () => new NativeClient(options, [], fail)],
];

const wrong = [];
const deny = [...construct, ...settle, ...send, ...others];
for (const [name, call] of deny) {
  try {
    await call();
    wrong.push(`${name} was taken`);
  } catch (error) {
    if (!(error instanceof Error)) wrong.push(`${name} threw ${String(error)}`);
  }
}
for (const [name, call] of harmless) {
  try {
    await call();
  } catch (error) {
    wrong.push(`${name} threw ${error.message}`);
  }
}
await client.close();
for (const line of wrong) console.log(line);
console.log(`${deny.length + harmless.length} calls, ${wrong.length} wrong`);
