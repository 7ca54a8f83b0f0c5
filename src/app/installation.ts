import type pg from 'pg';
import { connectDatabase } from '../database/connect.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { DataFolderInUseError, startEmbeddedServer } from '../database/embedded-server.ts';
import { migrate } from '../database/migrate.ts';
import { Turns } from '../database/turns.ts';
import { migrateQueue } from '../jobs/migrate-queue.ts';
import { ensureDataFolder, ensureSecretKey } from './data-folder.ts';
import type { Config } from './settings/config.ts';
import { StartError } from './start-error.ts';

/** What every command works on: the data folder's key and its database, migrated. */
export interface Installation {
  readonly config: Config;
  readonly connection: DatabaseConnection;
  /** For background jobs: they take no connection from requests, and their statements may take long. */
  readonly jobsConnection: DatabaseConnection;
  /** Whose turn it is at `connection`. */
  readonly turns: Turns;
  /** Seals secrets in the database. */
  readonly secretKey: Buffer;
  /** Closes the connections, and stops the embedded PostgreSQL when nobody else uses it. */
  close(): Promise<void>;
}

/**
 * Opens the data folder. As `server` it is refused while another server uses it; a `guest` (a command) works beside a
 * running server. Throws `StartError` and the errors of the embedded PostgreSQL.
 */
export async function openInstallation(
  config: Config,
  options: { readonly role: 'server' | 'guest'; readonly onEvent?: (message: string) => void },
): Promise<Installation> {
  await ensureDataFolder(config.dataFolder);
  const secretKey = await ensureSecretKey(config.dataFolder);
  const database = await openDatabase(config, options);
  try {
    await migrate(database.jobsConnection.pool);
    await migrateQueue(database.jobsConnection.pool);
  } catch (cause) {
    await database.close();
    throw cause;
  }
  return { config, secretKey, ...database };
}

type OpenDatabase = Pick<Installation, 'connection' | 'jobsConnection' | 'turns' | 'close'>;

/** A command needs few, and its statements may take as long as those of jobs. */
const guestConnectionsMax = 6;
/** The embedded PostgreSQL has 64 in all: a synchronisation and some commands find room beside a server. */
const jobsConnectionsMax = 12;
/** Besides the scans: who listens and fetches jobs, for scans and for notifications, who looks after them, and notifications. */
const queueConnections = 7;
/** Longer than any job waits, because its queue fetches no more jobs than can run. */
const jobsPatienceMs = 120_000;

/**
 * No statement and no lock of a request is waited for without end, and a transaction whose process stands still is ended
 * (threats.md F10, F16). The last limit is our own side's, for a server that does not answer at all.
 */
const requestLimits: pg.PoolConfig = {
  statement_timeout: 30_000,
  lock_timeout: 4_000,
  idle_in_transaction_session_timeout: 30_000,
  query_timeout: 35_000,
};
/** Matching waits for the lock of another matching, and a feed's rows come in one statement. */
const jobLimits: pg.PoolConfig = {
  statement_timeout: 3_600_000,
  idle_in_transaction_session_timeout: 600_000,
};

async function openDatabase(
  config: Config,
  options: { readonly role: 'server' | 'guest'; readonly onEvent?: (message: string) => void },
): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined) {
    const opened = connectBoth({ connectionString: config.databaseUrl.reveal() }, { config, ...options });
    await refuseUnusable(opened);
    return opened;
  }
  try {
    const server = await startEmbeddedServer({ dataFolder: config.dataFolder, ...options });
    const opened = connectBoth(server.config, { config, ...options });
    const close = async () => {
      await opened.close();
      await server.stop();
    };
    return { ...opened, close };
  } catch (error) {
    if (!(error instanceof DataFolderInUseError)) throw error;
    throw new StartError(
      `Cannot start: the data folder "${config.dataFolder}" is in use by the server with pid ${error.pid ?? 'unknown'}; stop it, or set PRATIQUE_DATA to another folder`,
      { cause: error },
    );
  }
}

/** A command has one pool for everything. */
function connectBoth(
  target: pg.PoolConfig,
  options: { readonly config: Config; readonly role: 'server' | 'guest' },
): OpenDatabase {
  const turns = new Turns();
  if (options.role === 'guest') {
    const limits = { ...jobLimits, max: guestConnectionsMax };
    const connection = connectDatabase({ ...target, ...limits }, { patienceMs: jobsPatienceMs });
    return { connection, jobsConnection: connection, turns, close: () => connection.close() };
  }
  const { databaseConnections, scanConcurrency } = options.config;
  const connection = connectDatabase({ ...target, ...requestLimits, max: databaseConnections }, { turns });
  const jobsMax = Math.min(scanConcurrency + queueConnections, jobsConnectionsMax);
  const jobs = { ...target, ...jobLimits, max: jobsMax };
  const jobsConnection = connectDatabase(jobs, { patienceMs: jobsPatienceMs });
  const close = async () => {
    await jobsConnection.close();
    await connection.close();
  };
  return { connection, jobsConnection, turns, close };
}

/** Throws `StartError` when the database cannot be reached or is too old; it is then closed. */
async function refuseUnusable(opened: OpenDatabase): Promise<void> {
  try {
    const { rows } = await opened.connection.pool.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    const version = rows[0]?.version ?? 0;
    if (version < 160_000) {
      throw new StartError(
        `Cannot use the database of DATABASE_URL: it must be PostgreSQL 16 or newer, got ${Math.floor(version / 10_000)}`,
      );
    }
  } catch (cause) {
    await opened.close();
    if (cause instanceof StartError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot use the database of DATABASE_URL: it must be reachable, got ${reason}`, {
      cause,
    });
  }
}
