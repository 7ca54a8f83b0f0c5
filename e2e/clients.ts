import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from './server-process.ts';

const run = promisify(execFile);

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, in the project's folder or the one that is named; a non-zero code is an answer, not an exception. */
export async function command(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  folder: string = projectRoot,
): Promise<CommandResult> {
  try {
    const { stdout, stderr } = await run(program, [...args], {
      cwd: folder,
      env: { ...process.env, ...environment },
      timeout: 240_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: unknown; stdout?: string; stderr?: string }; // shape documented for execFile
    if (typeof failed.code !== 'number') throw error;
    return { code: failed.code, stdout: failed.stdout ?? '', stderr: failed.stderr ?? '' };
  }
}

/** Like `command()`, but throws with the output when the program fails. */
export async function mustRun(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  folder: string = projectRoot,
): Promise<string> {
  const result = await command(program, args, environment, folder);
  if (result.code !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

/** Whether a program is on this machine. With CI=true its absence throws: CI must install it. */
export function hasProgram(program: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (!found && process.env['CI'] === 'true')
    throw new Error(`Cannot run in CI without ${program}: .ci/run must install it`);
  return found;
}

/** The folder of real data beside the project, or undefined in a clone without it. With CI=true its absence throws. */
export function sharedFolder(): string | undefined {
  const folder = resolve(projectRoot, '../shared');
  if (existsSync(resolve(folder, 'MANIFEST.md'))) return folder;
  if (process.env['CI'] === 'true') throw new Error('Cannot run in CI without ../shared');
  return undefined;
}
