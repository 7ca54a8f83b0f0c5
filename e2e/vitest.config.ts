import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    // Real servers, clients and a browser on two cores: one story at a time keeps the timings honest.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // A busy machine reloads a page in more than the second that is the default.
    expect: { poll: { timeout: 15_000 } },
  },
});
