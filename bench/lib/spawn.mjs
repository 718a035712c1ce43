// A fresh process for every run: nothing warmed, nothing left over.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../', import.meta.url));
export const CEILING = `${bench}ceiling/target/release/ceiling`;

/** `ready` resolves when the contestant says that it reads; `result` with what it measured. */
function start(command, args, name, limitMs) {
  const child = spawn(command, args, { cwd: bench, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  let rest = '';
  let errors = '';
  let sawReady;
  const ready = new Promise((resolve) => (sawReady = resolve));
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    for (const line of parts) {
      lines.push(line);
      if (line === 'READY') sawReady(true);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text) => (errors = (errors + text).slice(-4_000)));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const result = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      sawReady(false);
      const said = (word) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
      const measured = said('RESULT');
      const closed = said('CLOSED');
      resolve({
        ...(measured
          ? JSON.parse(measured)
          : { error: `${name} ended with ${signal ?? code}: ${errors.trim().slice(-600)}` }),
        ...(closed ? { close: JSON.parse(closed) } : {}),
      });
    });
  });
  return { ready, result };
}

export function contestant(node, file, config, limitMs = 120_000) {
  return start(node, [`contestants/${file}`, JSON.stringify(config)], file, limitMs);
}

/** Options that hold an object become librdkafka properties: `{ kafka: { "linger.ms": 5 } }`. */
export function ceiling(command, { kafka = {}, ...config }, limitMs = 120_000) {
  const pairs = Object.entries(config).map(([name, value]) => `${name}=${value}`);
  const properties = Object.entries(kafka).map(([name, value]) => `kafka.${name}=${value}`);
  return start(CEILING, [command, ...pairs, ...properties], `ceiling ${command}`, limitMs);
}
