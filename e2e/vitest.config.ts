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
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // A busy machine reloads a page in more than the second that is the default.
    expect: { poll: { timeout: 15_000 } },
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
