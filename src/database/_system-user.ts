import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A user of the operating system that PostgreSQL runs as. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export class SystemUserError extends Error {
  readonly code = 'system_user';
}

const systemUserName = 'pratique-postgres';

/** Reads `/etc/passwd`: `name:password:uid:gid:…` (passwd(5)). */
async function findUser(matches: (user: SystemUser) => boolean): Promise<SystemUser | undefined> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || uid === undefined || gid === undefined) continue;
    const user = { name, uid: Number(uid), gid: Number(gid) };
    if (matches(user)) return user;
  }
  return undefined;
}

async function createUser(): Promise<SystemUser> {
  const commands: readonly (readonly [string, readonly string[]])[] = [
    [
      'useradd',
      [
        '--system',
        '--no-create-home',
        '--home-dir',
        '/nonexistent',
        '--shell',
        '/bin/false',
        '--user-group',
        systemUserName,
      ],
    ],
    // Busybox, as in Alpine Linux, has only this one; Debian's has the same name and other options.
    ['adduser', ['-S', '-D', '-H', '-h', '/nonexistent', '-s', '/bin/false', systemUserName]],
  ];
  const failures: string[] = [];
  for (const [command, args] of commands) {
    try {
      await run(command, [...args]);
    } catch (error) {
      failures.push(
        `${command}: ${error instanceof Error ? error.message.trim().replaceAll('\n', ' ') : String(error)}`,
      );
    }
    // Another process that starts now may have created it, and then the command fails.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const user = await findUser((candidate) => candidate.name === systemUserName);
      if (user !== undefined) return user;
      await sleep(50);
    }
  }
  throw new SystemUserError(
    `Cannot create the system user "${systemUserName}": PostgreSQL must not run as root and needs a user of its own, got ${failures.join('; ')}; start the server as an ordinary user, or set DATABASE_URL`,
  );
}

/**
 * The user that PostgreSQL must run as, or undefined when it is this process's own. PostgreSQL refuses to run as root;
 * for root it is the owner of `cluster`, when that exists, and else a system user, which is created when it is missing.
 */
export async function postgresUser(cluster: string): Promise<SystemUser | undefined> {
  const ownUid = process.getuid?.();
  const owner = await stat(cluster).then(
    (stats) => stats.uid,
    () => undefined,
  );
  if (ownUid !== 0) {
    if (owner === undefined || owner === ownUid) return undefined;
    throw new SystemUserError(
      `Cannot start PostgreSQL in "${cluster}": the folder must belong to the user that starts the server (${ownUid}), got user ${owner}`,
    );
  }
  if (owner !== undefined && owner !== 0) {
    const user = await findUser((candidate) => candidate.uid === owner);
    if (user !== undefined) return user;
    throw new SystemUserError(
      `Cannot start PostgreSQL in "${cluster}": the folder must belong to a user that exists, got user ${owner}`,
    );
  }
  return (await findUser((user) => user.name === systemUserName)) ?? (await createUser());
}
