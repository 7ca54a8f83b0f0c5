import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import { connectDatabase } from '../database/connect.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { templateDatabase } from './test-database-server.ts';

export interface TemporaryDatabase extends DatabaseConnection {
  /** Closes the pool and removes the database, whoever else is connected. */
  drop(): Promise<void>;
}

/** A database of its own, migrated and empty. `server` is needed only outside Vitest. */
export async function createTemporaryDatabase(server?: pg.PoolConfig): Promise<TemporaryDatabase> {
  const config = server ?? inject('testDatabase');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const admin = connectDatabase({ ...config, max: 1 });
  try {
    await admin.pool.query(`create database ${name} template ${templateDatabase} strategy file_copy`);
  } finally {
    await admin.close();
  }
  const connection = connectDatabase({ ...config, database: name });
  const drop = async () => {
    await connection.close();
    const last = connectDatabase({ ...config, max: 1 });
    try {
      await last.pool.query(`drop database if exists ${name} with (force)`);
    } finally {
      await last.close();
    }
  };
  return { ...connection, drop };
}
