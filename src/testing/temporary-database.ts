import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import { connectDatabase } from '../database/connect.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { emptyDatabase } from './empty-database.ts';
import { templateDatabase } from './test-database-server.ts';

export interface TemporaryDatabase extends DatabaseConnection {
  /** Closes the pool and takes the database away from whoever else is connected. */
  drop(): Promise<void>;
}

/** Databases of the run's server that tests of this worker have given back, empty again. */
const emptied: string[] = [];

/** A database of its own, migrated and empty. `server` is needed only outside Vitest. */
export async function createTemporaryDatabase(server?: pg.PoolConfig): Promise<TemporaryDatabase> {
  const config = server ?? inject('testDatabase');
  const name = (server === undefined ? emptied.pop() : undefined) ?? (await copyTemplate(config));
  const connection = connectDatabase({ ...config, database: name });
  let isGivenBack = false;
  const drop = async () => {
    if (isGivenBack) return;
    isGivenBack = true;
    await connection.close();
    // Hundreds of files make a database: emptying one takes less than removing it and copying another.
    const isEmptied =
      server === undefined &&
      (await emptyDatabase({ ...config, database: name }, inject('pristineDatabase')));
    if (isEmptied) emptied.push(name);
    else await withoutPool(config, `drop database if exists ${name} with (force)`);
  };
  return { ...connection, drop };
}

async function copyTemplate(config: pg.PoolConfig): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await withoutPool(config, `create database ${name} template ${templateDatabase} strategy file_copy`);
  return name;
}

async function withoutPool(config: pg.PoolConfig, statement: string): Promise<void> {
  const connection = connectDatabase({ ...config, max: 1 });
  try {
    await connection.pool.query(statement);
  } finally {
    await connection.close();
  }
}
