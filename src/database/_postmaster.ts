import { spawn } from 'node:child_process';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ClusterFolder, clusterAsSeenByPostgres } from './_cluster.ts';
import { type PostgresBinaries, postgresEnvironment } from './_postgres-binaries.ts';
import type { SystemUser } from './_system-user.ts';

/** The postmaster this process has spawned. */
export interface SpawnedPostmaster {
  readonly pid: number | undefined;
  /** Set once it has ended, with what it said last. */
  ended: string | undefined;
}

const logSizeBytesMax = 10 * 1024 * 1024;

/** First line of postmaster.pid (src/backend/utils/init/miscinit.c, CreateLockFile). */
export async function readPostmasterPid(at: ClusterFolder): Promise<number | undefined> {
  const text = await readFile(path.join(at.cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

/** True while the process exists and is no zombie. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // "pid (command) state …"; the command may itself contain parentheses (proc(5)).
  return status?.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3) !== 'Z';
}

/**
 * Whether the process that postmaster.pid names is a postmaster of this cluster: a pid alone proves nothing after a
 * reboot or in a fresh container. A postmaster's working directory is PGDATA. Where that cannot be read, a living pid counts.
 */
export async function isPostmasterOf(at: ClusterFolder, pid: number): Promise<boolean> {
  if (!(await isRunning(pid))) return false;
  if (process.platform !== 'linux') return true;
  try {
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd/`), stat(at.cluster)]);
    return theirs.ino === ours.ino && theirs.dev === ours.dev;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

/**
 * Takes away a pid file whose process is not a postmaster of this cluster: PostgreSQL itself would refuse to start
 * when the pid has been given to another process. It is renamed first and looked at again, so that a file which a
 * postmaster has written meanwhile is put back.
 */
export async function removeStalePidFile(at: ClusterFolder, stalePid: number): Promise<void> {
  const file = path.join(at.cluster, 'postmaster.pid');
  const aside = `${file}.stale-${process.pid}`;
  await rename(file, aside).catch(() => {});
  const text = await readFile(aside, 'utf8').catch(() => '');
  if (text !== '' && Number.parseInt(text, 10) !== stalePid) await rename(aside, file);
  else await rm(aside, { force: true });
}

async function lastLogLines(at: ClusterFolder): Promise<string> {
  const text = await readFile(at.logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' | ');
}

/** Starts a postmaster in a session of its own: a Ctrl-C at the terminal must reach it only through our own stop. */
export async function spawnPostmaster(options: {
  readonly at: ClusterFolder;
  readonly binaries: PostgresBinaries;
  readonly user: SystemUser | undefined;
  readonly settings: Readonly<Record<string, string>>;
}): Promise<SpawnedPostmaster> {
  const { at, user } = options;
  const logSize = await stat(at.logFile).then(
    (stats) => stats.size,
    () => 0,
  );
  const log = await open(at.logFile, logSize > logSizeBytesMax ? 'w' : 'a', 0o600);
  const directory = clusterAsSeenByPostgres(at.cluster);
  try {
    const child = spawn(
      path.join(options.binaries.folder, 'bin', 'postgres'),
      [
        ...['-D', directory, '-k', directory],
        ...Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {
        cwd: at.cluster,
        env: postgresEnvironment,
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      },
    );
    const spawned: SpawnedPostmaster = { pid: child.pid, ended: undefined };
    child.on('error', (error) => {
      spawned.ended = error.message;
    });
    child.on('exit', (code, signal) => {
      void lastLogLines(at).then((lines) => {
        spawned.ended = `${signal ?? `exit code ${code}`}: ${lines}`;
      });
    });
    child.unref();
    return spawned;
  } finally {
    await log.close();
  }
}

/** Asks for a fast shutdown (SIGINT: sessions are ended, data is written) and resolves with true once it is gone. */
export async function stopPostmaster(
  at: ClusterFolder,
  pause: (ms: number) => Promise<unknown>,
  timeoutMs: number,
): Promise<boolean> {
  const pid = await readPostmasterPid(at);
  if (pid === undefined || !(await isPostmasterOf(at, pid))) return true;
  process.kill(pid, 'SIGINT');
  const deadlineAt = performance.now() + timeoutMs;
  while (await isPostmasterOf(at, pid)) {
    if (performance.now() > deadlineAt) return false;
    await pause(10);
  }
  return true;
}
