import { rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A folder that must be writable, under the name by which it may be told to anybody. */
export interface WatchedFolder {
  readonly name: string;
  readonly folder: string;
}

const freeBytesMin = 16 * 1024 * 1024;
const answerMsMax = 1_000;
const checkedEveryMs = 2_000;

/** What keeps folders from taking bytes, looked at when asked and at most every 2 s. It never waits for a slow disk. */
export function storageHealth(folders: readonly WatchedFolder[]): () => Promise<readonly string[]> {
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let problems: Promise<readonly string[]> = Promise.resolve([]);
  return async () => {
    if (performance.now() - checkedAtMs >= checkedEveryMs) {
      checkedAtMs = performance.now();
      problems = Promise.all(folders.map(problemOf)).then((found) =>
        found.flatMap((problem) => (problem === undefined ? [] : [problem])),
      );
    }
    return await problems;
  };
}

async function problemOf({ name, folder }: WatchedFolder): Promise<string | undefined> {
  const slow = new AbortController();
  try {
    return await Promise.race([
      writeProblem(name, folder),
      sleep(answerMsMax, `the ${name} does not answer within ${answerMsMax} ms`, { signal: slow.signal }),
    ]);
  } finally {
    slow.abort();
  }
}

async function writeProblem(name: string, folder: string): Promise<string | undefined> {
  const probe = path.join(folder, `.write-test-${process.pid}`);
  try {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < freeBytesMin) return `the ${name} is full: less than 16 MiB are free`;
    await writeFile(probe, Buffer.alloc(4_096));
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return `the ${name} cannot be written to: ${code}`;
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}
