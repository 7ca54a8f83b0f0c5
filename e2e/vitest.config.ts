import { defineConfig } from 'vitest/config';

/** Stories that time nothing: two run side by side. Whatever is not named here runs by itself, after them. */
const untimed = [
  'air-gap',
  'backup',
  'bundles',
  'clients*',
  'command-line',
  'conformance*',
  'conformance/*',
  'console*',
  'distributions-scan',
  'go-clients*',
  'independent-findings',
  'inventory*',
  'kill-points',
  'mail',
  'main-job',
  'malware*',
  'operators',
  'real-ratings',
  'sbom',
  'secrets',
  'upkeep-commands',
  'version-*',
  'webhooks',
  'write-order',
].map((name) => `${name}.test.ts`);

export default defineConfig({
  test: {
    root: import.meta.dirname,
    // A test fails by what it waits for in vain, and not because a busy machine is slow.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'side-by-side', include: untimed, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['**/*.test.ts'],
          exclude: untimed,
          // Real servers and clients on two cores: one story at a time keeps the timings honest.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
