import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
let folder: string;

beforeAll(() => {
  // Below the project, because what is run imports from it.
  folder = mkdtempSync(join(root, 'node_modules', '.second-try-'));
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { retries, SecondTryReporter } from ${JSON.stringify(join(root, 'scripts/second-try.ts'))};
     export default { test: { include: ['*.spec.ts'], root: import.meta.dirname, retry: retries, reporters: [new SecondTryReporter()] } };`,
  );
  writeFileSync(
    join(folder, 'tries.spec.ts'),
    `import { expect, it } from 'vitest';
     let tries = 0;
     it('passes when run again', () => expect(++tries).toBeGreaterThan(1));
     it.runIf(process.env.WITH_DEFECT)('never passes', () => expect(tries).toBe('a defect'));`,
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(environment: Record<string, string>): {
  readonly exitCode: number | null;
  readonly output: string;
} {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { CI: _, VITEST: __, ...others } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', folder], {
    env: { ...others, ...environment },
    encoding: 'utf8',
  });
  return { exitCode: status, output: stdout };
}

describe('a test that fails', () => {
  it('fails the run at once outside of CI', () => {
    expect(run({})).toMatchObject({ exitCode: 1, output: expect.not.stringContaining('run again') });
  });

  it('is run once more in CI, and named with what it had said', () => {
    const { exitCode, output } = run({ CI: 'true' });
    expect(exitCode).toBe(0);
    expect(output).toContain('Passed only when run again:');
    expect(output).toContain('tries.spec.ts > passes when run again');
    expect(output).toContain('expected 1 to be greater than 1');
  });

  it('fails the run in CI when it fails again', () => {
    const { exitCode, output } = run({ CI: 'true', WITH_DEFECT: 'yes' });
    expect(exitCode).toBe(1);
    expect(output).not.toContain('never passes');
  });
});
