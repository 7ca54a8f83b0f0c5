import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, hasProgram } from './clients.ts';

/** A client that is a Go module: its package and the version that is installed. */
export interface GoProgram {
  readonly name: string;
  readonly package: string;
  readonly version: string;
}

/**
 * Path of the program, which is built by `go install` once and kept in the temporary folder; undefined without Go or when
 * it cannot be built. With CI=true both throw: CI must have it.
 */
export async function installGoProgram(program: GoProgram): Promise<string | undefined> {
  const folder = join(tmpdir(), 'pratique-go-clients', `${program.name}-${program.version}`);
  const path = join(folder, program.name);
  if (existsSync(path)) return path;
  if (!hasProgram('go')) return undefined;
  const built = await command('go', ['install', `${program.package}@${program.version}`], { GOBIN: folder });
  if (built.code === 0) return path;
  if (process.env['CI'] === 'true') {
    throw new Error(
      `Cannot build ${program.name} ${program.version}: go install ended with\n${built.stderr}`,
    );
  }
  return undefined;
}
