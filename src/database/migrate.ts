import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Pool, PoolClient } from 'pg';

export class MigrationChangedError extends Error {
  readonly code = 'migration_changed';
  constructor(name: string) {
    super(
      `Cannot migrate the database: migration "${name}" must be as it was when it was applied, got a changed file`,
    );
    this.name = 'MigrationChangedError';
  }
}

export class MigrationUnknownError extends Error {
  readonly code = 'migration_unknown';
  constructor(name: string) {
    super(
      `Cannot migrate the database: every migration in it must be known to this version, got "${name}" of a newer one`,
    );
    this.name = 'MigrationUnknownError';
  }
}

const migrationsFolder = new URL('./migrations/', import.meta.url);
const migrationLock = 0x7072_6d67;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(migrationsFolder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const sql = await readFile(new URL(file, migrationsFolder), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return { name: file.slice(0, -'.sql'.length), sql, checksum };
    }),
  );
}

async function readApplied(client: PoolClient): Promise<ReadonlyMap<string, string>> {
  await client.query(`
    create table if not exists schema_migration (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migration',
  );
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

async function apply(client: PoolClient, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into schema_migration (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    throw cause;
  }
}

/**
 * Applies the numbered files of `migrations/` that the database does not have, each in its own transaction, and
 * returns their names. Servers that start together wait for one another. Throws `MigrationChangedError`, `MigrationUnknownError`.
 */
export async function migrate(pool: Pool): Promise<readonly string[]> {
  const migrations = await readMigrations();
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const applied = await readApplied(client);
    const known = new Set(migrations.map((migration) => migration.name));
    for (const name of applied.keys()) if (!known.has(name)) throw new MigrationUnknownError(name);
    const added: string[] = [];
    for (const migration of migrations) {
      const checksum = applied.get(migration.name);
      if (checksum === migration.checksum) continue;
      if (checksum !== undefined) throw new MigrationChangedError(migration.name);
      await apply(client, migration);
      added.push(migration.name);
    }
    return added;
  } finally {
    // Closing the connection also gives up the lock, whatever state it is in.
    client.release(true);
  }
}
