import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import type { TestProject } from 'vitest/node';
import { connectDatabase } from '../database/connect.ts';
import { startEmbeddedServer } from '../database/embedded-server.ts';
import { migrate } from '../database/migrate.ts';
import { migrateQueue } from '../jobs/migrate-queue.ts';
import { describePristine, type PristineDatabase } from './empty-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly testDatabase: pg.PoolConfig;
    readonly pristineDatabase: PristineDatabase;
  }
}

const prefix = 'pratique-test-';
export const templateDatabase = 'pratique_template';

/** A PostgreSQL that lives as long as the tests: nothing in it has to survive a power cut. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
} as const;

export interface TestDatabaseServer {
  /** Connects to the server; `database` is yours to choose. Plain data, and valid in every process. */
  readonly config: pg.PoolConfig;
  /** How each database is at its beginning. */
  readonly pristine: PristineDatabase;
  stop(): Promise<void>;
}

/** Stops and removes the servers of test runs that were killed. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(name.slice(prefix.length).split('-')[0]);
    if (!name.startsWith(prefix) || !Number.isSafeInteger(pid) || existsSync(`/proc/${pid}`)) continue;
    const dataFolder = path.join(tmpdir(), name);
    if (existsSync(path.join(dataFolder, 'postgresql', 'cluster', 'postmaster.pid'))) {
      await (await startEmbeddedServer({ dataFolder, role: 'guest' })).stop();
    }
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** Starts a PostgreSQL in a temporary folder and migrates its template database. */
export async function startTestDatabaseServer(
  more: Readonly<Record<string, string>> = {},
): Promise<TestDatabaseServer> {
  if (process.platform === 'linux') await removeOrphans().catch(() => {});
  const dataFolder = await mkdtemp(path.join(tmpdir(), `${prefix}${process.pid}-`));
  const server = await startEmbeddedServer({
    dataFolder,
    role: 'server',
    settings: { ...settings, ...more },
  });
  const admin = connectDatabase(server.config);
  await admin.pool.query(`create database ${templateDatabase}`);
  await admin.close();
  const template = connectDatabase({ ...server.config, database: templateDatabase });
  await migrate(template.pool);
  await migrateQueue(template.pool);
  const pristine = await describePristine(template.pool);
  await template.close();
  await writeFile(path.join(dataFolder, 'ready'), '');
  return {
    config: server.config,
    pristine,
    stop: async () => {
      await server.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Vitest's globalSetup: one server for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Small databases, soon empty again: nobody has to tidy them up, or to gather statistics at some moment.
  const server = await startTestDatabaseServer({ autovacuum: 'off' });
  project.provide('testDatabase', server.config);
  project.provide('pristineDatabase', server.pristine);
  return () => server.stop();
}
