import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResults, type SuiteCase, type SuiteResults } from './read-results.ts';

/** What the suite is pointed at. */
export interface SuiteTarget {
  /** `host:port`, without TLS. */
  readonly host: string;
  readonly name: string;
  readonly password: string;
  /** A namespace that exists; the suite pushes to two repositories of it. */
  readonly namespace: string;
}

export interface SuiteRun extends SuiteResults {
  readonly durationMs: number;
  /** What the program printed, its own tables among it. */
  readonly output: string;
}

const timeoutMs = 300_000;

/**
 * Runs the built OCI conformance suite (opencontainers/distribution-spec `conformance/`) with the profile `dev`, in which
 * every API and every kind of data but sparse manifests is on. Settings of the suite in our own environment do not count.
 * Throws when the program cannot be run or leaves no results.
 */
export async function runSuite(program: string, target: SuiteTarget): Promise<SuiteRun> {
  return await inNewFolder(async (folder) => {
    const ended = await runProgram(program, folder, {
      OCI_VERSION: 'dev',
      OCI_REGISTRY: target.host,
      OCI_TLS: 'disabled',
      OCI_REPO1: `${target.namespace}/repo1`,
      OCI_REPO2: `${target.namespace}/repo2`,
      OCI_USERNAME: target.name,
      OCI_PASSWORD: target.password,
      OCI_LOG: 'error',
      OCI_RESULTS_DIR: folder,
    });
    const results = readResults({
      junit: readResult(folder, 'junit.xml', ended.output),
      yaml: readResult(folder, 'results.yaml', ended.output),
    });
    return { ...results, ...ended };
  });
}

/** Cases of v1.1 that cannot all run: each has a sister for registries, or set-ups, of the other kind. */
const alternatives: readonly string[] = [
  'Pull Setup Get tag name from environment',
  'Content Discovery Setup Populate registry with test tags (no push)',
  'Cross-mounting of nonexistent blob should yield session id',
  'automatic content discovery disabled should return a 202',
];

/**
 * Runs the suite as it was up to v1.1.1 of the specification, built by `go test -c`, with all its four workflows. Of
 * cases that exclude each other, the ones that are not ours are left out of the results.
 */
export async function runSuite11(program: string, target: SuiteTarget): Promise<SuiteRun> {
  return await inNewFolder(async (folder) => {
    const ended = await runProgram(program, folder, {
      OCI_ROOT_URL: `http://${target.host}`,
      OCI_NAMESPACE: `${target.namespace}/repo1`,
      OCI_CROSSMOUNT_NAMESPACE: `${target.namespace}/repo2`,
      OCI_AUTOMATIC_CROSSMOUNT: '1',
      OCI_USERNAME: target.name,
      OCI_PASSWORD: target.password,
      OCI_TEST_PULL: '1',
      OCI_TEST_PUSH: '1',
      OCI_TEST_CONTENT_DISCOVERY: '1',
      OCI_TEST_CONTENT_MANAGEMENT: '1',
      OCI_HIDE_SKIPPED_WORKFLOWS: '0',
      OCI_REPORT_DIR: folder,
    });
    const results = readResults({ junit: readResult(folder, 'junit.xml', ended.output) });
    const isExcluded = ({ name, status }: SuiteCase) =>
      status === 'skipped' && alternatives.some((alternative) => name.endsWith(alternative));
    const problems = results.problems.filter((one) => !isExcluded(one));
    const skipped = problems.filter(({ status }) => status === 'skipped').length;
    return { ...results, ...ended, problems, counts: { ...results.counts, skipped } };
  });
}

async function inNewFolder(run: (folder: string) => Promise<SuiteRun>): Promise<SuiteRun> {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-conformance-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runProgram(
  program: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<Pick<SuiteRun, 'durationMs' | 'output'>> {
  const startedAtMs = performance.now();
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OCI_'));
  const child = spawn(program, [], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  await once(child, 'close'); // rejects when the program cannot be started
  return { durationMs: performance.now() - startedAtMs, output };
}

function readResult(folder: string, file: string, output: string): string {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch (cause) {
    throw new Error(
      `Cannot read the suite's ${file}: it must have written one, got none; it printed:\n${output}`,
      {
        cause,
      },
    );
  }
}
