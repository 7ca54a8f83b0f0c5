import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { VersionPair } from './samples/version-pairs.ts';

export interface Batch {
  /** Shell command that prints one line about the versions `$a` and `$b`. */
  readonly command: string;
  readonly pairs: readonly VersionPair[];
  /** Working folder of the command. */
  readonly folder?: string;
}

/** Asks a program about each pair, all in one shell, and returns a line per pair. Versions must not contain white space. */
export async function askInBatch({ command, pairs, folder = '.' }: Batch): Promise<readonly string[]> {
  const script = `while read -r a b; do ${command} || echo "?"; done`;
  const asked = promisify(execFile)('/bin/sh', ['-c', script], { cwd: folder, maxBuffer: 2 ** 26 });
  asked.child.stdin?.end(pairs.map(([a, b]) => `${a} ${b}\n`).join(''));
  const { stdout } = await asked;
  const lines = stdout.split('\n').slice(0, -1);
  if (lines.length !== pairs.length) {
    throw new Error(
      `Cannot ask about ${pairs.length} pairs: one line each must come back, got ${lines.length}`,
    );
  }
  return lines;
}
