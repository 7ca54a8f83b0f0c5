import type { Reporter, TestCase } from 'vitest/node';

/**
 * How often a test that failed is run again. In CI once: among thousands of tests with real processes, databases and kills one accident
 * in ten thousand would turn every second run red. On a developer's machine never, where an accident is worth looking at.
 */
export const retries = process.env['CI'] === 'true' ? 1 : 0;

/** Names at the end of a run what passed only when it was run again, with what it had said: a race of the test, or of the product. */
export class SecondTryReporter implements Reporter {
  readonly #flaky: TestCase[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true) this.#flaky.push(test);
  }

  onTestRunEnd(): void {
    if (this.#flaky.length === 0) return;
    const lines = this.#flaky.map((test) => {
      const reasons = (test.result().errors ?? []).map((error) => error.stack ?? error.message);
      return [`${test.module.relativeModuleId} > ${test.fullName}`, ...reasons].join('\n');
    });
    process.stdout.write(`\nPassed only when run again:\n\n${lines.join('\n\n')}\n\n`);
  }
}
