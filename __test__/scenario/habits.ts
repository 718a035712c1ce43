// The program of `packaging/fixtures/habits.ts`: checked and compiled as a project with either dialect of decorators
// would, and run against the package as it is installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Project, root } from '../packaging/installed.js';

const PROGRAM = readFileSync(join(root, '__test__/packaging/fixtures/habits.ts'), 'utf8');

/** Where the program runs. */
export interface Place {
  mock: boolean;
  bootstrapServers: string;
  topic: string;
}

/** What the constructor is told otherwise, as the environment says it. */
function environment({ mock, bootstrapServers, topic }: Place): Record<string, string> {
  return {
    PROSODY_BOOTSTRAP_SERVERS: bootstrapServers,
    PROSODY_MOCK: String(mock),
    PROSODY_GROUP_ID: `${topic}-billing`,
    PROSODY_SUBSCRIBED_TOPICS: topic,
    PROSODY_ALLOWED_EVENTS: 'order., refund.',
    PROSODY_SOURCE_SYSTEM: 'billing',
    PROSODY_MODE: 'low-latency',
    PROSODY_MAX_CONCURRENCY: '16',
    PROSODY_MAX_UNCOMMITTED: '32',
    PROSODY_TIMEOUT: '60s',
    PROSODY_COMMIT_INTERVAL: '100ms',
    PROSODY_POLL_INTERVAL: '50',
    PROSODY_SEND_TIMEOUT: '20s',
    PROSODY_SHUTDOWN_TIMEOUT: '10s',
    PROSODY_STALL_THRESHOLD: '5m',
    PROSODY_PROBE_PORT: 'none',
    PROSODY_FAILURE_TOPIC: `${topic}.failed`,
    PROSODY_IDEMPOTENCE_CACHE_SIZE: '1024',
    PROSODY_IDEMPOTENCE_VERSION: '2',
    PROSODY_IDEMPOTENCE_TTL: '7d',
    PROSODY_SLAB_SIZE: '1h',
    PROSODY_MESSAGE_SPANS: 'child',
    PROSODY_TIMER_SPANS: 'follows_from',
    PROSODY_MAX_RETRIES: '2',
    PROSODY_RETRY_BASE: '10ms',
    PROSODY_RETRY_MAX_DELAY: '1s',
    PROSODY_DEFER_ENABLED: 'true',
    PROSODY_DEFER_BASE: '1s',
    PROSODY_DEFER_MAX_DELAY: '24h',
    PROSODY_DEFER_FAILURE_THRESHOLD: '0.9',
    PROSODY_DEFER_FAILURE_WINDOW: '5m',
    PROSODY_DEFER_CACHE_SIZE: '1024',
    PROSODY_DEFER_STORE_CACHE_SIZE: '8192',
    PROSODY_DEFER_SEEK_TIMEOUT: '30s',
    PROSODY_DEFER_DISCARD_THRESHOLD: '100',
    PROSODY_MONOPOLIZATION_ENABLED: 'true',
    PROSODY_MONOPOLIZATION_THRESHOLD: '0.9',
    PROSODY_MONOPOLIZATION_WINDOW: '5m',
    PROSODY_MONOPOLIZATION_CACHE_SIZE: '8192',
    PROSODY_SCHEDULER_FAILURE_WEIGHT: '0.3',
    PROSODY_SCHEDULER_MAX_WAIT: '2m',
    PROSODY_SCHEDULER_WAIT_WEIGHT: '200',
    PROSODY_SCHEDULER_CACHE_SIZE: '8192',
    PROSODY_TELEMETRY_ENABLED: 'false',
    PROSODY_TELEMETRY_TOPIC: 'prosody.telemetry-events',
    // An empty variable counts as not set.
    PROSODY_CASSANDRA_NODES: mock ? 'localhost:9042' : '',
    PROSODY_CASSANDRA_KEYSPACE: 'prosody',
    PROSODY_CASSANDRA_USER: mock ? 'prosody' : '',
    PROSODY_CASSANDRA_PASSWORD: mock ? 'not shown' : '',
    PROSODY_CASSANDRA_DATACENTER: mock ? 'dc1' : '',
    PROSODY_CASSANDRA_RACK: mock ? 'r1' : '',
    PROSODY_CASSANDRA_RETENTION: '1y',
  };
}

export const DIALECTS = {
  standard: { module: 'node16', moduleResolution: 'node16' },
  legacy: { module: 'esnext', moduleResolution: 'bundler', experimentalDecorators: true },
};

/** Compiles the program in that dialect and runs it, told by the constructor or by the environment. */
export async function habits(
  dialect: keyof typeof DIALECTS,
  told: 'constructor' | 'environment',
  place: Place,
): Promise<void> {
  const project = new Project();
  try {
    project.write('habits.ts', PROGRAM);
    const compiled = await project.typecheck(['habits.ts'], {
      ...DIALECTS[dialect],
      noEmit: false,
      skipLibCheck: true,
      outDir: 'out',
    });
    expect(compiled).toEqual({ code: 0, out: '', err: '' });
    const { topic, mock, bootstrapServers } = place;
    const ran = await project.node(
      'out/habits.js',
      {
        HABITS_MOCK: String(mock),
        HABITS_BROKERS: bootstrapServers,
        ...(told === 'environment' ? environment(place) : {}),
      },
      [told, topic, `${topic}.failed`],
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ran.out)).toEqual(expected(told, topic));
  } finally {
    project.remove();
  }
}

function expected(told: 'constructor' | 'environment', topic: string): unknown {
  const calls = ['first', 'once', 'once', 'busy', 'busy', 'busy', 'unknown', 'timer', 'last'];
  return {
    seen: calls.map((id) => `orders a ${id}`),
    facts: {
      source: 'billing',
      stalled: false,
      shop: told === 'environment' ? 'billing' : `${topic}-shop`,
      message: [topic, true, ['key', 'offset', 'partition', 'payload', 'timestamp', 'topic']],
      context: [false, false, true],
      timer: expect.stringContaining('timers need a store'),
      aborted: 'enough',
      letters: [
        [true, 'a', { id: 'busy', type: 'refund.made', sum: 3 }],
        [true, 'a', { id: 'unknown', sum: 4 }],
      ],
      logger: [true, false],
      states: ['configured', 'running', 'configured'],
      enum: [true, true, 'low-latency'],
      unconfigured: told === 'constructor',
      refused: 'CONFIGURATION',
      warnings: [],
      secrets: 0,
    },
  };
}
