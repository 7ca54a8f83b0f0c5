import { defineConfig } from 'vitest/config';
import { retries, SecondTryReporter } from '../scripts/second-try.ts';

/** Stories that measure times: each runs by itself, after all others. */
const timed = ['costly-manifests', 'database-outage', 'login-timing', 'slow-clients'].map(
  (name) => `${name}.test.ts`,
);

export default defineConfig({
  test: {
    root: import.meta.dirname,
    // A test fails by what it waits for in vain, and not because a busy machine is slow.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    retry: retries,
    reporters: ['default', new SecondTryReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'side-by-side',
          include: ['**/*.test.ts'],
          exclude: timed,
          // One more than there are cores in CI: some story always waits for something.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: timed, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
