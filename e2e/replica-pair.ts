import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RegistryClient } from '../src/testing/registry-client.ts';
import { ApiClient } from './api-client.ts';
import { type OwnDatabase, startOwnDatabase } from './own-database.ts';
import { adminPassword, type ServerProcess, startServerProcess } from './server-process.ts';

/** One server of several on the same database, blobs and key. */
export interface Replica {
  readonly server: ServerProcess;
  /** As `admin`. */
  readonly registry: RegistryClient;
  readonly api: ApiClient;
}

export interface ReplicaPair {
  readonly database: OwnDatabase;
  /** Of all of them. */
  readonly dataFolder: string;
  readonly a: Replica;
  readonly b: Replica;
  /** Either, at random: no load balancer stands between. */
  any(): Replica;
  /** Starts another one in the same folder, of this checkout or the one that is named. */
  startReplica(environment?: Readonly<Record<string, string>>, root?: string): Promise<Replica>;
  close(): Promise<void>;
}

const silent = 'file:/nonexistent';
const sharedEnvironment = {
  PRATIQUE_ADVISORIES: silent,
  PRATIQUE_KEV: silent,
  PRATIQUE_EPSS: silent,
  PRATIQUE_LOG_LEVEL: 'warn',
  // Tokens are for one registry, whichever of its servers issues them.
  PRATIQUE_EXTERNAL_URL: 'http://registry.test',
};

export function authorizationOf(name: string, password: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

/** Two servers on one PostgreSQL and one folder of blobs and keys. */
export async function startReplicaPair(
  environment: Readonly<Record<string, string>> = {},
): Promise<ReplicaPair> {
  const database = await startOwnDatabase();
  const dataFolder = mkdtempSync(join(tmpdir(), 'pratique-pair-'));
  const started: Replica[] = [];
  const startReplica = async (own: Readonly<Record<string, string>> = {}, root?: string) => {
    const server = await startServerProcess({
      ...(root === undefined ? {} : { root }),
      dataFolder,
      environment: { ...sharedEnvironment, DATABASE_URL: database.url, ...environment, ...own },
    });
    const replica = {
      server,
      registry: new RegistryClient(server.url, authorizationOf('admin', adminPassword)),
      api: new ApiClient(server.url),
    };
    started.push(replica);
    return replica;
  };
  const [a, b] = await Promise.all([startReplica(), startReplica()]);
  return {
    database,
    dataFolder,
    a,
    b,
    any: () => (Math.random() < 0.5 ? a : b),
    startReplica,
    close: async () => {
      await Promise.all(started.map(({ server }) => server.stop('SIGKILL')));
      await database.close();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
