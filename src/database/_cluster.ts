import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type PostgresBinaries, postgresEnvironment } from './_postgres-binaries.ts';
import type { SystemUser } from './_system-user.ts';

export class InitdbError extends Error {
  readonly code = 'initdb_failed';
}

export const superuser = 'pratique';

/** The folder of an embedded PostgreSQL: `cluster/` (PGDATA), `password` (the superuser's, 0600), `server.log`. */
export interface ClusterFolder {
  readonly folder: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly logFile: string;
}

export function clusterFolder(folder: string): ClusterFolder {
  return {
    folder,
    cluster: path.join(folder, 'cluster'),
    passwordFile: path.join(folder, 'password'),
    logFile: path.join(folder, 'server.log'),
  };
}

/**
 * How a child whose working directory is PGDATA names it. The parents of PGDATA may be closed to the user that
 * PostgreSQL runs as; the kernel resolves this link without looking at them. Elsewhere than on Linux: the path itself.
 */
export function clusterAsSeenByPostgres(cluster: string): string {
  return process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

/** Runs a program in PGDATA as `user`; resolves with its output when it ends with 0. */
function runInCluster(options: {
  readonly program: string;
  readonly args: readonly string[];
  readonly cluster: string;
  readonly user: SystemUser | undefined;
  readonly stdin: number;
}): Promise<void> {
  const { user } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(options.program, options.args, {
      cwd: options.cluster,
      env: postgresEnvironment,
      stdio: [options.stdin, 'pipe', 'pipe'],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    let output = '';
    const collect = (bytes: Buffer) => {
      output = (output + bytes.toString()).slice(-4_000);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new InitdbError(
            `Cannot run "${options.program}": it must end with 0, got ${code}: ${output.trim()}`,
          ),
        );
    });
  });
}

async function initdb(
  at: ClusterFolder,
  binaries: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<void> {
  await mkdir(at.folder, { mode: 0o700 });
  await mkdir(at.cluster, { mode: 0o700 });
  await writeFile(at.passwordFile, `${randomBytes(24).toString('base64url')}\n`, {
    mode: 0o600,
    flush: true,
  });
  // initdb opens `/dev/stdin`, and for that it must own the file, wherever that lies.
  if (user !== undefined) {
    await chown(at.cluster, user.uid, user.gid);
    await chown(at.passwordFile, user.uid, user.gid);
  }
  const password = await open(at.passwordFile, 'r');
  try {
    await runInCluster({
      program: path.join(binaries.folder, 'bin', 'initdb'),
      args: [
        `--pgdata=${clusterAsSeenByPostgres(at.cluster)}`,
        `--username=${superuser}`,
        '--pwfile=/dev/stdin',
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      cluster: at.cluster,
      user,
      stdin: password.fd,
    });
  } finally {
    await password.close();
  }
  if (user !== undefined) await chown(at.passwordFile, 0, 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Removes what an initdb that was killed left behind. */
async function removeLeftovers(at: ClusterFolder): Promise<void> {
  const parent = path.dirname(at.folder);
  const prefix = `${path.basename(at.folder)}.new-`;
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || isAlive(Number(name.slice(prefix.length)))) continue;
    await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

/**
 * Makes the cluster when there is none and returns the superuser's password. It is made under another name and
 * renamed, so a cluster is whole or absent, and of two servers that start together one wins. Throws `InitdbError`.
 */
export async function ensureCluster(
  at: ClusterFolder,
  binaries: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<string> {
  const readPassword = async () => (await readFile(at.passwordFile, 'utf8')).trim();
  const existing = await readPassword().catch(() => undefined);
  if (existing !== undefined) return existing;
  await mkdir(path.dirname(at.folder), { recursive: true, mode: 0o700 });
  await removeLeftovers(at);
  const unfinished = clusterFolder(`${at.folder}.new-${process.pid}`);
  try {
    await initdb(unfinished, binaries, user);
    await rename(unfinished.folder, at.folder);
  } catch (cause) {
    await rm(unfinished.folder, { recursive: true, force: true });
    const winner = await readPassword().catch(() => undefined);
    if (winner === undefined) throw cause;
    return winner;
  }
  return readPassword();
}
