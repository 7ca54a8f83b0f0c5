import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { readAhead } from './read-ahead.ts';

let database: TemporaryDatabase;

beforeAll(async () => {
  database = await createTemporaryDatabase();
  const { db } = database;
  await sql`create table large (text text)`.execute(db);
  await sql`create table small (text text)`.execute(db);
  await sql`insert into large select repeat('x', 500) from generate_series(1, 2000)`.execute(db);
  await sql`insert into small values ('x')`.execute(db);
});
afterAll(() => database.close());

const sizeOf = async (table: string) => {
  const { rows } = await sql<{ bytes: number }>`
    select pg_relation_size(${table}::regclass) as bytes`.execute(database.db);
  return rows[0]?.bytes ?? 0;
};

/** PostgreSQL's socket lies beside its data. */
const ownFolder = String(inject('testDatabase').host);

const read = (bytesMax: number, signal = new AbortController().signal, folder = ownFolder) =>
  readAhead(database.db, {
    clusterFolder: folder,
    relations: ['small', 'no_such_table', 'large'],
    bytesMax,
    signal,
  });

it('readAhead() reads tables whole, one after the other, and leaves out what is missing', async () => {
  expect(await read(2 ** 30)).toBe((await sizeOf('small')) + (await sizeOf('large')));
  expect(await read(2 ** 30, undefined, '/no-such-folder')).toBe(0);
});

it('readAhead() ends at its bound, give or take a read, and when it is told to', async () => {
  expect(await sizeOf('large')).toBeGreaterThan(2 ** 20);
  expect(await read(1)).toBe(await sizeOf('small'));
  expect(await read(await sizeOf('small'))).toBe(await sizeOf('small'));
  expect(await read(2 ** 30, AbortSignal.abort())).toBe(0);
});
