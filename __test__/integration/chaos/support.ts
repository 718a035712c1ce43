import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { inject } from 'vitest';
import { Fleet, type HandlerPlan } from './fleet.js';
import { check, type Verdict } from './history.js';
import { bystander, Load, Watcher } from './load.js';

/** `CHAOS=full` runs the numbers that are published; the default is what every test run affords. */
export const full = process.env['CHAOS'] === 'full';

/** A topic, a group, a load, a watcher and a fleet that belong together. */
export interface Scene {
  topic: string;
  group: string;
  load: Load;
  watcher: Watcher;
  fleet: Fleet;
  /** Waits until everything sent has succeeded and is committed. */
  drained(limitMs?: number): Promise<void>;
  verdict(options?: { mayOverlap?: boolean }): Verdict;
  close(): Promise<void>;
}

export interface ScenePlan {
  partitions: number;
  keys: number;
  handler: HandlerPlan;
  options?: Record<string, unknown>;
}

export async function scene(name: string, plan: ScenePlan): Promise<Scene> {
  const { bootstrapServers } = inject('kafka');
  const topic = `${name}-${randomUUID().slice(0, 8)}`;
  const group = `${topic}-group`;
  const kafka = bystander(bootstrapServers);
  const watcher = new Watcher(kafka, group, topic);
  await watcher.createTopic(plan.partitions);
  const load = new Load(kafka, topic, plan.keys);
  const options = {
    bootstrapServers,
    groupId: group,
    commitIntervalMs: 200,
    maxConcurrency: 64,
    maxUncommitted: 256,
    deferBaseMs: 50,
    sessionTimeoutMs: 1000,
    heartbeatIntervalMs: 200,
    ...plan.options,
  };
  const fleet = new Fleet(topic, options, plan.handler);
  await watcher.start();
  return {
    topic,
    group,
    load,
    watcher,
    fleet,
    drained: async (limitMs = 60_000) => {
      const ends = await watcher.ends();
      await fleet.until(
        async () => {
          const offsets = await watcher.look();
          return [...ends].every(([partition, end]) => end === 0 || offsets.get(partition) === end);
        },
        'every partition is committed to its end',
        limitMs,
      );
    },
    verdict: (options = {}) =>
      check({ produced: load.produced, lines: fleet.lines(), commits: watcher.commits, ...options }),
    close: async () => {
      await fleet.close();
      await Promise.all([load.close(), watcher.close()]);
    },
  };
}

/** Writes figures down, for people: one JSON line a scenario. */
export function figures(scenario: string, values: Record<string, unknown>): void {
  const line = JSON.stringify({ scenario, full, ...values });
  console.log(line);
  mkdirSync('.cache', { recursive: true });
  appendFileSync('.cache/chaos.jsonl', `${line}\n`);
}
