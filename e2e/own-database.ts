import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedServer, startEmbeddedServer } from '../src/database/embedded-server.ts';

/** A PostgreSQL beside the servers of a test, which the test may stop, kill and start. */
export interface OwnDatabase {
  /** Where it lies; removed by `close()`. */
  readonly dataFolder: string;
  /** For DATABASE_URL. */
  readonly url: string;
  /** Connections of the test's own; broken ones are replaced. */
  readonly pool: pg.Pool;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const ownSettings = { max_connections: '100' };

/** `restored`: a folder that a backup was copied to; absent: an empty one. `settings` are PostgreSQL's. */
export async function startOwnDatabase(
  options: { readonly settings?: Readonly<Record<string, string>>; readonly restored?: string } = {},
): Promise<OwnDatabase> {
  const settings = { ...ownSettings, ...options.settings };
  const dataFolder = options.restored ?? mkdtempSync(join(tmpdir(), 'pratique-db-'));
  const open = () => startEmbeddedServer({ dataFolder, role: 'server', settings });
  let server: EmbeddedServer | undefined = await open();
  const { user, password, database, host } = server.config;
  const url = `postgresql://${user}:${String(password)}@localhost/${database}?host=${encodeURIComponent(String(host))}`;
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    dataFolder,
    url,
    pool,
    stop: async () => {
      await server?.stop();
      server = undefined;
    },
    start: async () => {
      server ??= await open();
    },
    close: async () => {
      await pool.end();
      await server?.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Process id of the PostgreSQL that a server has embedded in its data folder. */
export function postmasterPid(dataFolder: string): number {
  const pid = Number.parseInt(
    readFileSync(join(dataFolder, 'postgresql', 'cluster', 'postmaster.pid'), 'utf8'),
    10,
  );
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error('No PostgreSQL runs in the data folder');
  return pid;
}
