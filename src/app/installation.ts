import { connectDatabase } from '../database/connect.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { DataFolderInUseError, startEmbeddedServer } from '../database/embedded-server.ts';
import { migrate } from '../database/migrate.ts';
import { migrateQueue } from '../jobs/migrate-queue.ts';
import type { Config } from './config.ts';
import { ensureDataFolder, ensureSecretKey } from './data-folder.ts';
import { StartError } from './start-error.ts';

/** What every command works on: the data folder's key and its database, migrated. */
export interface Installation {
  readonly config: Config;
  readonly connection: DatabaseConnection;
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
    await migrate(database.connection.pool);
    await migrateQueue(database.connection.pool);
  } catch (cause) {
    await database.close();
    throw cause;
  }
  return { config, secretKey, ...database };
}

type OpenDatabase = Pick<Installation, 'connection' | 'close'>;

/** Connections of one process. The embedded PostgreSQL has 40: commands find room beside a server. */
const connectionsMax = { server: 20, guest: 6 } as const;

async function openDatabase(
  config: Config,
  options: { readonly role: 'server' | 'guest'; readonly onEvent?: (message: string) => void },
): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined)
    return openRemote(config.databaseUrl.reveal(), connectionsMax[options.role]);
  try {
    const server = await startEmbeddedServer({ dataFolder: config.dataFolder, ...options });
    const connection = connectDatabase({ ...server.config, max: connectionsMax[options.role] });
    const close = async () => {
      await connection.close();
      await server.stop();
    };
    return { connection, close };
  } catch (error) {
    if (!(error instanceof DataFolderInUseError)) throw error;
    throw new StartError(
      `Cannot start: the data folder "${config.dataFolder}" is in use by the server with pid ${error.pid ?? 'unknown'}; stop it, or set PRATIQUE_DATA to another folder`,
      { cause: error },
    );
  }
}

async function openRemote(url: string, max: number): Promise<OpenDatabase> {
  const connection = connectDatabase({ connectionString: url, max });
  try {
    const { rows } = await connection.pool.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    const version = rows[0]?.version ?? 0;
    if (version < 160_000) {
      throw new StartError(
        `Cannot use the database of DATABASE_URL: it must be PostgreSQL 16 or newer, got ${Math.floor(version / 10_000)}`,
      );
    }
  } catch (cause) {
    await connection.close();
    if (cause instanceof StartError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot use the database of DATABASE_URL: it must be reachable, got ${reason}`, {
      cause,
    });
  }
  return { connection, close: () => connection.close() };
}
