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
      `Cannot use the database: what older versions need must be in it, got migration "${name}" of a newer version that took some away; start that version or a newer one`,
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
  /** It takes away or changes what versions without it use, so that none of them may be started any more. */
  readonly isContracting: boolean;
}

/** A line of its own in a migration that is contracting (docs/durability.md). */
const contractingMark = /^-- contracting\b/m;

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(migrationsFolder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const sql = await readFile(new URL(file, migrationsFolder), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      const isContracting = contractingMark.test(sql);
      return { name: file.slice(0, -'.sql'.length), sql, checksum, isContracting };
    }),
  );
}

interface Applied {
  readonly checksum: string;
  readonly isContracting: boolean;
}

async function readApplied(client: PoolClient): Promise<ReadonlyMap<string, Applied>> {
  await client.query(`
    create table if not exists schema_migration (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    );
    alter table schema_migration add column if not exists is_contracting boolean not null default false`);
  const { rows } = await client.query<Applied & { readonly name: string }>(
    'select name, checksum, is_contracting as "isContracting" from schema_migration',
  );
  return new Map(rows.map((row) => [row.name, row]));
}

async function apply(client: PoolClient, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into schema_migration (name, checksum, is_contracting) values ($1, $2, $3)', [
      migration.name,
      migration.checksum,
      migration.isContracting,
    ]);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    throw cause;
  }
}

/**
 * Applies the numbered files of `migrations/` that the database does not have, each in its own transaction, and
 * returns their names. Servers that start together wait for one another. What a newer version has added is left alone, so that
 * servers of two versions run side by side (threats.md F29). Throws `MigrationChangedError`, `MigrationUnknownError`.
 */
export async function migrate(pool: Pool): Promise<readonly string[]> {
  const migrations = await readMigrations();
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const applied = await readApplied(client);
    const known = new Set(migrations.map((migration) => migration.name));
    for (const [name, { isContracting }] of applied)
      if (isContracting && !known.has(name)) throw new MigrationUnknownError(name);
    const added: string[] = [];
    for (const migration of migrations) {
      const checksum = applied.get(migration.name)?.checksum;
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
