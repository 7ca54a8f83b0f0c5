import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type ClusterFolder, clusterFolder, ensureCluster, superuser } from './_cluster.ts';
import { findPostgresBinaries, type PostgresBinaries } from './_postgres-binaries.ts';
import {
  isPostmasterOf,
  readPostmasterPid,
  removeStalePidFile,
  type SpawnedPostmaster,
  spawnPostmaster,
  stopPostmaster,
} from './_postmaster.ts';
import { postgresUser, type SystemUser } from './_system-user.ts';

export class EmbeddedServerError extends Error {
  readonly code = 'embedded_server';
}

/** Another server holds the data folder; `pid` is its process id, when it could be found out. */
export class DataFolderInUseError extends Error {
  readonly code = 'data_folder_in_use';
  readonly pid: number | undefined;
  constructor(folder: string, pid: number | undefined) {
    super(
      `Cannot use the data folder "${folder}": it must not be in use by another server, got one with pid ${pid ?? 'unknown'}`,
    );
    this.name = 'DataFolderInUseError';
    this.pid = pid;
  }
}

export interface EmbeddedServerOptions {
  /** Holds `postgresql/`; made (0700) when it is absent. */
  readonly dataFolder: string;
  /** `server`: refused while another server uses the folder. `guest` (a command) may join a running server. */
  readonly role: 'server' | 'guest';
  /** Where binaries are copied to that PostgreSQL's user cannot reach. Default `/var/lib/pratique`. */
  readonly binariesCopyFolder?: string;
  /** Settings of PostgreSQL that differ from the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told when a running PostgreSQL was taken over, when it was lost and when it is back. */
  readonly onEvent?: (message: string) => void;
}

/** PostgreSQL beside one Node process: small, and as durable as a big one. */
const defaultSettings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '64',
  // A killed server's statements, and what waits for locks on its behalf, give their connections back.
  client_connection_check_interval: '2s',
  shared_buffers: '64MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '256MB',
  min_wal_size: '32MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_parallel_workers_per_gather: '0',
  io_method: 'sync',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] ',
  // Statements, their parameters and the values in error details may hold secrets.
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
  log_error_verbosity: 'terse',
};

const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
const databaseName = 'pratique';
const socketFileName = '.s.PGSQL.5432';
/** sockaddr_un.sun_path less its closing zero byte: 108 on Linux, 104 on macOS. */
const socketPathBytesMax = process.platform === 'linux' ? 107 : 103;

/** Advisory locks in the database `postgres`: `users` is shared by all that use the cluster, `server` is exclusive. */
const locks = { space: 0x7072_6174, users: 1, server: 2 } as const;

interface Cluster {
  readonly at: ClusterFolder;
  readonly binaries: PostgresBinaries;
  readonly user: SystemUser | undefined;
  readonly config: pg.PoolConfig;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * A PostgreSQL of our own in the data folder. It outlives a killed server and is taken over by the next one; whoever
 * uses it last stops it. A session holds our locks on it (released by the kernel when we are killed) and, when
 * PostgreSQL itself dies, starts it again.
 */
export class EmbeddedServer {
  /** Connects to our database as superuser; valid for this process only. */
  readonly config: pg.PoolConfig;
  readonly #options: EmbeddedServerOptions;
  readonly #cluster: Cluster;
  readonly #closeSocketFolder: () => void;
  #lease: pg.Client;
  #stopping = false;
  #recovering: Promise<void> = Promise.resolve();

  constructor(
    options: EmbeddedServerOptions,
    cluster: Cluster & { readonly closeSocketFolder: () => void },
    lease: pg.Client,
  ) {
    this.#options = options;
    this.#cluster = cluster;
    this.#closeSocketFolder = cluster.closeSocketFolder;
    this.config = { ...cluster.config, database: databaseName };
    this.#lease = lease;
    this.#watch(lease);
  }

  /** Gives up the locks and, when nobody else uses PostgreSQL, shuts it down and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.#recovering;
    const last = await tryLock(this.#lease, locks.users, 'exclusive').catch(() => true);
    if (last) await stopPostmaster(this.#cluster.at, sleep, stopTimeoutMs);
    await this.#lease.end().catch(() => {});
    this.#closeSocketFolder();
  }

  #watch(lease: pg.Client): void {
    lease.on('error', () => {});
    lease.once('end', () => {
      if (!this.#stopping) this.#recovering = this.#recover();
    });
  }

  async #recover(): Promise<void> {
    const { onEvent = () => {} } = this.#options;
    onEvent('lost the connection to the embedded PostgreSQL; starting it again');
    while (!this.#stopping) {
      try {
        this.#lease = (await lease(this.#options, this.#cluster)).client;
        this.#watch(this.#lease);
        onEvent('the embedded PostgreSQL is back');
        return;
      } catch (error) {
        onEvent(
          `the embedded PostgreSQL does not start: ${error instanceof Error ? error.message : String(error)}`,
        );
        await sleep(1_000);
      }
    }
  }
}

/**
 * Starts PostgreSQL in the data folder, or joins the one that runs there, and makes our database when it is absent.
 * Throws `DataFolderInUseError`, `EmbeddedServerError`, `PostgresMissingError`, `SystemUserError`, `InitdbError`.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const at = clusterFolder(path.join(path.resolve(options.dataFolder), 'postgresql'));
  const user = await postgresUser(at.cluster);
  const copyFolder = options.binariesCopyFolder ?? '/var/lib/pratique';
  const binaries = await findPostgresBinaries({ user, copyFolder });
  const password = await ensureCluster(at, binaries, user);
  const socket = openSocketFolder(at.cluster);
  const config: pg.PoolConfig = {
    host: socket.path,
    port: 5432,
    user: superuser,
    password,
    database: 'postgres',
    ssl: false,
  };
  const settings = { ...defaultSettings, ...options.settings };
  const cluster = { at, binaries, user, config, settings, closeSocketFolder: socket.close };
  try {
    const { client, spawned } = await lease(options, cluster);
    if (options.role === 'server' && !spawned) {
      options.onEvent?.(
        'took over a PostgreSQL that was running in the data folder already: a server or a command has left it there',
      );
    }
    await ensureDatabase(client);
    return new EmbeddedServer(options, cluster, client);
  } catch (cause) {
    socket.close();
    throw cause;
  }
}

/** The folder of the socket under a name that is short enough for a socket address. */
function openSocketFolder(cluster: string): { readonly path: string; readonly close: () => void } {
  if (Buffer.byteLength(path.join(cluster, socketFileName)) <= socketPathBytesMax) {
    return { path: cluster, close: () => {} };
  }
  if (process.platform !== 'linux') {
    throw new EmbeddedServerError(
      `Cannot start PostgreSQL in "${cluster}": a socket's path must have at most ${socketPathBytesMax} bytes, got more; choose a shorter data folder`,
    );
  }
  const descriptor = openSync(cluster, 'r');
  return { path: `/proc/self/fd/${descriptor}`, close: () => closeSync(descriptor) };
}

async function tryLock(client: pg.Client, lock: number, mode: 'shared' | 'exclusive'): Promise<boolean> {
  const call = mode === 'shared' ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
  const { rows } = await client.query<{ locked: boolean }>(`select ${call}($1, $2) as locked`, [
    locks.space,
    lock,
  ]);
  return rows[0]?.locked === true;
}

/** Opens the session that holds our locks, starting PostgreSQL when it does not run; `spawned`: it was started here. */
async function lease(
  options: EmbeddedServerOptions,
  cluster: Cluster,
): Promise<{ readonly client: pg.Client; readonly spawned: boolean }> {
  const deadlineAt = performance.now() + startTimeoutMs;
  let spawned: SpawnedPostmaster | undefined;
  let lastError: unknown;
  while (performance.now() < deadlineAt) {
    const client = await connect(cluster.config).catch((error: unknown) => {
      lastError = error;
      return undefined;
    });
    if (client !== undefined) lastError = undefined;
    // The exclusive lock is taken only to stop PostgreSQL: then it is about to end, and is started anew.
    if (client !== undefined && (await tryLock(client, locks.users, 'shared').catch(() => false))) {
      if (options.role === 'server') await lockServer(options, client);
      return { client, spawned: spawned !== undefined };
    }
    await client?.end().catch(() => {});
    if (isWrongPassword(lastError)) {
      throw new EmbeddedServerError(
        `Cannot connect to PostgreSQL in "${cluster.at.cluster}": "${cluster.at.passwordFile}" must hold its password, got another`,
        { cause: lastError },
      );
    }
    spawned = await ensurePostmaster(cluster, spawned);
    await sleep(15);
  }
  throw new EmbeddedServerError(
    `Cannot start PostgreSQL in "${cluster.at.cluster}": it must answer within ${startTimeoutMs} ms, got ${describe(lastError)}; see "${cluster.at.logFile}"`,
    { cause: lastError },
  );
}

async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({
    ...config,
    connectionTimeoutMillis: 5_000,
    application_name: `pratique ${process.pid}`,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await client.end().catch(() => {});
    throw cause;
  }
}

/** What the last attempt to connect ended with; without an error, somebody is about to stop PostgreSQL all the time. */
function describe(error: unknown): string {
  return error instanceof Error ? `"${error.message}"` : 'a shutdown that does not end';
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '28P01';
}

/** Spawns a postmaster unless one is there: ours, or one that is starting, stopping or an orphan. */
async function ensurePostmaster(
  cluster: Cluster,
  spawned: SpawnedPostmaster | undefined,
): Promise<SpawnedPostmaster | undefined> {
  const { at } = cluster;
  const pid = await readPostmasterPid(at);
  if (pid !== undefined && (await isPostmasterOf(at, pid)))
    return spawned?.ended === undefined ? spawned : undefined;
  if (spawned !== undefined) {
    if (spawned.ended === undefined) return spawned;
    // The workers of a killed postmaster need a moment to notice; and another process may have been faster.
    if (!/shared memory block|lock file/.test(spawned.ended)) {
      throw new EmbeddedServerError(
        `Cannot start PostgreSQL in "${at.cluster}": it must keep running, got ${spawned.ended}`,
      );
    }
    await sleep(100);
  }
  if (pid !== undefined) await removeStalePidFile(at, pid);
  return spawnPostmaster(cluster);
}

async function lockServer(options: EmbeddedServerOptions, client: pg.Client): Promise<void> {
  if (await tryLock(client, locks.server, 'exclusive')) return;
  const { rows } = await client.query<{ name: string }>(
    `select application_name as name from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and classid = $1 and objid = $2 and granted`,
    [locks.space, locks.server],
  );
  await client.end();
  const pid = Number(rows[0]?.name.replace(/^pratique /, ''));
  throw new DataFolderInUseError(options.dataFolder, Number.isSafeInteger(pid) ? pid : undefined);
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName]);
  if (rowCount !== 0) return;
  try {
    await client.query(`create database ${databaseName}`);
  } catch (error) {
    // Somebody who started at the same moment has made it (duplicate_database, or its unique_violation).
    if (!(error instanceof pg.DatabaseError && (error.code === '42P04' || error.code === '23505')))
      throw error;
  }
}
