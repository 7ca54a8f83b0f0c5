import { defineConfig } from 'vitest/config';
import { retries, SecondTryReporter } from './scripts/second-try.ts';

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
    // A worker keeps its modules from file to file: no module has a state, and reading them anew for each takes a minute.
    isolate: false,
    // What tests wait for comes within milliseconds; a busy machine must not turn patience into a failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    retry: retries,
    reporters: ['default', new SecondTryReporter()],
  },
});
