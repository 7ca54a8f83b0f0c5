import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResults, type SuiteResults } from './read-results.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'pratique-conformance-'));
  const startedAtMs = performance.now();
  try {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OCI_'));
    const child = spawn(program, [], {
      cwd: folder,
      env: {
        ...Object.fromEntries(inherited),
        OCI_VERSION: 'dev',
        OCI_REGISTRY: target.host,
        OCI_TLS: 'disabled',
        OCI_REPO1: `${target.namespace}/repo1`,
        OCI_REPO2: `${target.namespace}/repo2`,
        OCI_USERNAME: target.name,
        OCI_PASSWORD: target.password,
        OCI_LOG: 'error',
        OCI_RESULTS_DIR: folder,
      },
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
    const results = readResults({
      junit: readResult(folder, 'junit.xml', output),
      yaml: readResult(folder, 'results.yaml', output),
    });
    return { ...results, durationMs: performance.now() - startedAtMs, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
