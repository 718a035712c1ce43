// What the probes say while a broker is away: a Kafka of its own, so that nobody else misses it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKafka } from '../../scripts/kafka.mjs';
import { freePort, logged, makeTopic, member, until, withKafka } from './support.js';

withKafka();

// So long the broker stays away; ten minutes in the full form.
const AWAY_MS = process.env['CHAOS'] === 'full' ? 600_000 : 2_000;

let port = 0;
let kafka: Awaited<ReturnType<typeof startKafka>> | undefined;

beforeAll(async () => {
  port = await freePort();
});
afterAll(async () => {
  await kafka?.stop();
});

/** Asks a probe server until it is stopped; each answer must be one of those that are allowed. */
class Asking {
  readonly #url: string;

  constructor() {
    const line = logged.find(({ message }) => message.startsWith('probe server on'));
    this.#url = `http://127.0.0.1:${(line?.metadata as { port: number }).port}`;
  }

  async ask(path: string): Promise<{ status: number; body: string }> {
    const answer = await fetch(this.#url + path);
    return { status: answer.status, body: await answer.text() };
  }

  /** Asks each second for so long: live all the time, and ready or not as said. */
  async stays(status: number, forMs: number): Promise<void> {
    for (let left = forMs; left > 0; left -= 1_000) {
      await sleep(Math.min(left, 1_000));
      const answers = await Promise.all([this.ask('/livez'), this.ask('/readyz')]);
      expect(answers.map((answer) => answer.status)).toEqual([200, status]);
    }
  }

  /** Waits for an answer of `/readyz`; meanwhile the client is live. */
  async ready(status: number, says: string, what: string): Promise<void> {
    let last = '';
    const is = async () => {
      expect(await this.ask('/livez'), what).toEqual({ status: 200, body: 'live\n' });
      const answer = await this.ask('/readyz');
      last = `${answer.status} ${answer.body}`;
      return answer.status === status && answer.body.includes(says);
    };
    await until(is, what, 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n/readyz says ${last}`);
    });
  }
}

test(
  'a broker that is away fails readiness once the assignment is lost, and liveness never',
  async () => {
    const address = `127.0.0.1:${port}`;
    const subject = member('probed', {
      bootstrapServers: address,
      probePort: 0,
      probeHost: '127.0.0.1',
      stallThresholdMs: 2_000,
    });
    await subject.listens();
    const probes = new Asking();
    await probes.ready(503, 'Kafka cannot be reached', 'it says that no broker answers');
    kafka = await startKafka({ port, quiet: true, extra: { 'auto.create.topics.enable': 'false' } });
    await makeTopic('probed', 2, {}, address);
    await probes.ready(200, 'ready\n', 'it is ready with its partitions');
    await subject.client.send('probed', 'a', 1);
    await subject.got(1);
    await kafka.kill();
    // The session, of six seconds here, is not over yet.
    expect((await probes.ask('/readyz')).status).toBe(200);
    expect(subject.client.assignedPartitionCount).toBe(2);
    await probes.ready(503, 'no partition is assigned', 'it is not ready without partitions');
    await probes.stays(503, AWAY_MS);
    await kafka.start();
    await probes.ready(200, 'ready\n', 'it is ready again');
    expect((await probes.ask('/metrics')).body).toMatch(
      /^prosody_calls_settled_total\{.*outcome="success"\} [1-9]/m,
    );
  },
  180_000 + AWAY_MS,
);
