import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'scripts/**/*.test.ts',
      'console/src/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    globalSetup: ['src/testing/test-database-server.ts'],
    pool: 'threads',
    // Vitest leaves a core to itself, which on two cores is half of them.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is polled for comes within milliseconds; a busy machine must not turn patience into a failure.
    expect: { poll: { timeout: 10_000 } },
  },
});
