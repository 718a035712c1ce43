// Starts a real Kafka for a test run, the demo or a benchmark, from Node. Wraps scripts/kafka and scripts/kafka-cluster.
//
//   const kafka = await startKafka({ sasl: true });
//   kafka.bootstrapServers; await kafka.kill(); await kafka.start(); await kafka.stop();
//
// The brokers end with the process that started them, however it ends, unless `owned: false`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Lines of `KEY=value` as an object. */
function parseEnv(text) {
  const entries = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    entries.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function run(script, args, env, quiet) {
  return new Promise((done, fail) => {
    const child = spawn(join(here, script), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => {
      err += chunk;
      if (!quiet) process.stderr.write(chunk);
    });
    child.on('error', fail);
    child.on('exit', (code) => {
      if (code === 0) done(out.trim());
      else fail(new Error(`scripts/${script} ${args[0]} ended with ${code}\n${err.trim()}`));
    });
  });
}

/**
 * @typedef {object} KafkaOptions
 * @property {boolean | 'all'} [sasl] also listen with SASL_SSL; `all`: and on the further listeners of scripts/kafka
 * @property {boolean} [cluster] three brokers instead of one
 * @property {'quick' | 'full'} [jit] `full` for benchmarks
 * @property {string | Record<string, string | number>} [extra] further broker properties, which win over ours
 * @property {string} [dir] data folder that outlives `stop`; default a new one that `stop` removes
 * @property {number} [port] first port; default free ones
 * @property {boolean} [owned] default true: the broker ends when this process does
 * @property {boolean} [quiet] print nothing
 */

/** Starts Kafka and resolves when it answers. @param {KafkaOptions} [options] */
export async function startKafka(options = {}) {
  const { sasl = false, cluster = false, jit = 'quick', extra, port, owned = true, quiet = false } = options;
  const ownFolder = options.dir === undefined;
  const dir = ownFolder ? await mkdtemp(join(tmpdir(), 'prosody-kafka-')) : resolve(options.dir);
  const script = cluster ? 'kafka-cluster' : 'kafka';
  const lines =
    typeof extra === 'object'
      ? Object.entries(extra)
          .map(([name, value]) => `${name}=${value}`)
          .join('\n')
      : extra;
  const env = {
    KAFKA_SASL: sasl === 'all' ? 'all' : sasl ? '1' : '',
    KAFKA_JIT: jit,
    KAFKA_EXTRA: lines ?? '',
    KAFKA_OWNER: owned ? String(process.pid) : '',
    KAFKA_EPHEMERAL: ownFolder && !cluster ? '1' : '',
  };
  const verb = (name, ...args) => run(script, [name, dir, ...args], env, quiet);
  const nodeVerb = (name, node) => (cluster ? verb(name, String(node)) : verb(name));

  try {
    await verb('start', ...(port === undefined ? [] : [String(port)]));
  } catch (error) {
    if (ownFolder) error.message += `\nthe folder ${dir} is kept for a look`;
    throw error;
  }
  const facts = parseEnv(await readFile(join(dir, 'env'), 'utf8'));

  const kafka = {
    dir,
    bootstrapServers: facts.KAFKA_BOOTSTRAP,
    saslBootstrapServers: facts.KAFKA_SASL_BOOTSTRAP,
    caFile: facts.KAFKA_CA_FILE,
    username: facts.KAFKA_USER,
    password: facts.KAFKA_PASSWORD,
    saslPlaintextBootstrapServers: facts.KAFKA_SASL_PLAINTEXT_BOOTSTRAP,
    expiredBootstrapServers: facts.KAFKA_EXPIRED_BOOTSTRAP,
    otherHostBootstrapServers: facts.KAFKA_OTHER_HOST_BOOTSTRAP,
    mutualBootstrapServers: facts.KAFKA_MUTUAL_BOOTSTRAP,
    /** The log of a broker. */
    logFile: (node = 1) => (cluster ? join(dir, `n${node}`, 'server.log') : join(dir, 'server.log')),
    /** SIGKILL; `start` brings it back with its data and port. */
    kill: (node = 1) => nodeVerb('kill', node),
    /** SIGSTOP: the sockets stay open and nothing answers. */
    freeze: (node = 1) => nodeVerb('freeze', node),
    /** SIGCONT. */
    thaw: (node = 1) => nodeVerb('thaw', node),
    /** Starts a broker that was killed or halted. */
    start: (node = 1) => nodeVerb(cluster ? 'start-node' : 'start', node),
    /** Ends one broker in an orderly way. */
    halt: (node = 1) => nodeVerb(cluster ? 'stop-node' : 'stop', node),
    /** Orderly end and new start. */
    restart: async (node = 1) => {
      await kafka.halt(node);
      await kafka.start(node);
    },
    /** Ends everything; removes the data folder unless the caller named it. */
    stop: async () => {
      await verb('stop');
      if (ownFolder) await rm(dir, { recursive: true, force: true });
    },
  };
  return kafka;
}
