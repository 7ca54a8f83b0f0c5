import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { migrate } from './migrate.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

describe('connectDatabase()', () => {
  it('reads bigint as number, bigint[] as numbers, date as text, jsonb parsed, bytea as Buffer, timestamptz as Date', async () => {
    const { rows } = await sql<Record<string, unknown>>`
      select 9007199254740991::bigint as big, '{1,2}'::bigint[] as bigs, '2026-01-02'::date as day,
        '{"a":[1]}'::jsonb as document, '\\x00ff'::bytea as bytes, '2026-01-02T03:04:05Z'::timestamptz as at
    `.execute(database.db);
    expect(rows[0]).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      bigs: [1, 2],
      day: '2026-01-02',
      document: { a: [1] },
      bytes: Buffer.from([0, 255]),
      at: new Date('2026-01-02T03:04:05Z'),
    });
  });

  it('refuses a bigint beyond 2^53', async () => {
    await expect(sql`select 9007199254740993::bigint`.execute(database.db)).rejects.toThrow(
      'Cannot read the bigint "9007199254740993"',
    );
  });
});

describe('migrate()', () => {
  it('applies nothing to a database that has every migration', async () => {
    expect(await migrate(database.pool)).toEqual([]);
  });

  it('refuses a migration whose file has changed', async () => {
    const other = await createTemporaryDatabase();
    await other.pool.query(`update schema_migration set checksum = 'other' where name like '0001%'`);
    await expect(migrate(other.pool)).rejects.toMatchObject({ code: 'migration_changed' });
    await other.drop();
  });

  it('leaves alone what a newer version has added, and refuses where one took something away (threats.md F29)', async () => {
    const other = await createTemporaryDatabase();
    const note = (name: string, isContracting: boolean) =>
      other.pool.query(
        `insert into schema_migration (name, checksum, is_contracting) values ($1, 'of a newer version', $2)`,
        [name, isContracting],
      );
    await note('9998-adds', false);
    expect(await migrate(other.pool)).toEqual([]);
    await note('9999-takes-away', true);
    await expect(migrate(other.pool)).rejects.toMatchObject({
      code: 'migration_unknown',
      message: expect.stringContaining('"9999-takes-away"'),
    });
    await other.drop();
  });
});
