import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../api-client.ts';
import { builtConformanceSuite } from '../go-clients.ts';
import { adminPassword, type ServerProcess, startServerProcess } from '../server-process.ts';
import { isConformant, readResults } from './read-results.ts';
import { runSuite, runSuite11 } from './run-suite.ts';

const program = process.env['OCI_CONFORMANCE'] || builtConformanceSuite();
const program11 = process.env['OCI_CONFORMANCE_1_1'];

// Skipped where neither the variables name built suites nor `npm run clients` got one (CONTRIBUTING.md).
describe.skipIf(program === undefined && program11 === undefined)('the OCI conformance suite', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startServerProcess({ environment: { PRATIQUE_ADVISORIES: 'file:/nonexistent' } });
    for (const name of ['conformance', 'conformance11'])
      await new ApiClient(server.url).call('POST', '/namespaces', { name });
  });
  afterAll(async () => {
    expect(await server?.stop()).toBe(0);
    server?.clean();
  });
  const target = (namespace: string) => ({
    host: server.host,
    name: 'admin',
    password: adminPassword,
    namespace,
  });

  it.skipIf(program === undefined)('passes whole, with nothing skipped', async () => {
    const run = await runSuite(program ?? '', target('conformance'));
    expect(run.problems).toEqual([]);
    expect(run.switchesOff).toEqual(['data.sparse']);
    expect(run.counts.passed).toBeGreaterThan(700);
    expect(isConformant(run)).toBe(true);
  });

  it.skipIf(program11 === undefined)('passes in its form of v1.1, all four workflows', async () => {
    const run = await runSuite11(program11 ?? '', target('conformance11'));
    expect(run.problems).toEqual([]);
    expect(run.counts.passed).toBeGreaterThanOrEqual(75);
    expect(isConformant(run)).toBe(true);
  });
});

const yaml = 'config:\n  apis: {push: true, blobs: {atomic: true}}\n  data: {image: true, sparse: false}\n';
const passed = '<testcase name="a" status="passed"><system-err>x</system-err></testcase>';

describe('readResults()', () => {
  it('counts cases and says why one did not pass', () => {
    const skipped =
      '<testcase name="b &#34;mount&#34;" status="skipped"><skipped/>\n<system-out>202 &lt;\nfell back</system-out></testcase>';
    const results = readResults({ junit: `<testsuites>${passed}${skipped}</testsuites>`, yaml });
    expect(results).toEqual({
      counts: { passed: 1, skipped: 1, failure: 0, error: 0 },
      problems: [{ name: 'b "mount"', status: 'skipped', reason: '202 <\nfell back' }],
      switchesOff: ['data.sparse'],
    });
    expect(isConformant(results)).toBe(false);
  });

  it.each([
    ['everything passed', passed, yaml, true],
    ['there is no case', '', yaml, false],
    ['a case failed', `${passed}<testcase name="b" status="failure"></testcase>`, yaml, false],
    ['a case broke', `${passed}<testcase name="b" status="error"></testcase>`, yaml, false],
    ['a switch was off', passed, yaml.replace('push: true', 'push: false'), false],
  ])('and isConformant() judge when %s', (_, junit, text, expected) => {
    expect(isConformant(readResults({ junit, yaml: text }))).toBe(expected);
  });
});

describe('runSuite()', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-conformance-test-'));
  const script = (name: string, lines: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${lines}\n`);
    chmodSync(path, 0o700);
    return path;
  };
  const target = { host: '127.0.0.1:9', name: 'admin', password: 'secret', namespace: 'ns' };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('points the suite at the server, with every switch of its profile', async () => {
    const program = script(
      'suite',
      `printenv | grep ^OCI_ | grep -v RESULTS | sort
       echo '${passed}' > "$OCI_RESULTS_DIR/junit.xml"
       echo 'config: {apis: {push: true}}' > "$OCI_RESULTS_DIR/results.yaml"
       exit 1`,
    );
    const run = await runSuite(program, target);
    expect(run.counts.passed).toBe(1);
    expect(run.output.trim().split('\n')).toEqual([
      'OCI_LOG=error',
      'OCI_PASSWORD=secret',
      'OCI_REGISTRY=127.0.0.1:9',
      'OCI_REPO1=ns/repo1',
      'OCI_REPO2=ns/repo2',
      'OCI_TLS=disabled',
      'OCI_USERNAME=admin',
      'OCI_VERSION=dev',
    ]);
  });

  it('turns all workflows of v1.1 on, and leaves out skips of what excludes each other alone', async () => {
    const skipped = (name: string) =>
      `<testcase name="${name}" status="skipped"><skipped message="skipped - why"></skipped></testcase>`;
    const failed =
      '<testcase name="c" status="failed"><failure message="Expected 404" type="failed">x</failure></testcase>';
    const other = skipped('Pull Setup Get tag name from environment');
    const program = script(
      'suite-1.1',
      `printenv | grep ^OCI_TEST_ | sort
       echo '${passed}${other}${skipped('b')}${failed}' > "$OCI_REPORT_DIR/junit.xml"
       exit 1`,
    );
    const run = await runSuite11(program, target);
    expect(run.output.trim().split('\n')).toEqual([
      'OCI_TEST_CONTENT_DISCOVERY=1',
      'OCI_TEST_CONTENT_MANAGEMENT=1',
      'OCI_TEST_PULL=1',
      'OCI_TEST_PUSH=1',
    ]);
    expect(run.counts).toEqual({ passed: 1, skipped: 1, failure: 1, error: 0 });
    expect(run.problems).toEqual([
      { name: 'b', status: 'skipped', reason: 'skipped - why' },
      { name: 'c', status: 'failure', reason: 'Expected 404' },
    ]);
    expect(isConformant(run)).toBe(false);
  });

  it('throws when the program leaves no results, or is none', async () => {
    await expect(runSuite(script('broken', 'echo boom; exit 2'), target)).rejects.toThrow(/boom/);
    await expect(runSuite(join(folder, 'absent'), target)).rejects.toThrow(/ENOENT/);
  });
});
