import { defineConfig } from 'vitest/config';

// Four suites: `unit` needs nothing built, `bridge` and `packaging` the addon and dist/, `integration` a real Kafka.
// Run one with `npx vitest run --project unit`.
const suite = (name: string, more: object = {}) => ({
  extends: true as const,
  test: { name, include: [`__test__/${name}/**/*.test.ts`], ...more },
});

export default defineConfig({
  test: {
    pool: 'forks',
    // The addon is a native library: it is loaded by Node itself, never transformed.
    server: { deps: { external: [/native(-name)?\.cjs$/, /\.node$/] } },
    projects: [
      suite('unit'),
      suite('bridge', { testTimeout: 20_000 }),
      suite('packaging', { testTimeout: 120_000, hookTimeout: 120_000 }),
      suite('integration', {
        globalSetup: ['scripts/vitest-kafka.ts'],
        fileParallelism: false,
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
    ],
  },
});
