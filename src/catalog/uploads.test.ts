import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import {
  abandonLease,
  closeUpload,
  leaseUpload,
  openUpload,
  presenceStatement,
  releaseUpload,
  renewLease,
  type UploadKey,
} from './uploads.ts';

let database: TemporaryDatabase;
let upload: UploadKey;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  const name = `n${randomUUID().slice(0, 8)}`;
  const { rows } = await database.pool.query(
    `with a as (insert into account (name, kind) values ($1, 'user') returning id),
      n as (insert into namespace (name) values ($1) returning id)
     insert into repository (namespace_id, name) select id, 'app' from n
     returning id as repository, (select id from a) as account`,
    [name],
  );
  upload = { id: randomUUID(), repositoryId: rows[0].repository, accountId: rows[0].account };
  await openUpload(database.db, upload);
});

/** A session as a server of that number holds it. */
async function appear(holder: number): Promise<pg.Client> {
  const client = new pg.Client(database.config);
  client.on('error', () => {});
  await client.connect();
  await client.query(presenceStatement(holder));
  return client;
}

describe('leaseUpload()', () => {
  it('is free at once when the process of its holder ends, and not before (threats.md F1, F16)', async () => {
    const session = await appear(1);
    const dead = randomUUID();
    expect(await leaseUpload(database.db, upload, { lease: dead, holder: 1 })).toBe('leased');
    const next = randomUUID();
    expect(await leaseUpload(database.db, upload, { lease: next, holder: 2 })).toBe('busy');
    await session.end();
    expect(await leaseUpload(database.db, upload, { lease: next, holder: 2 })).toBe('taken-over');
    // Fencing: what the old holder does now finds its lease gone.
    expect(await renewLease(database.db, { id: upload.id, lease: dead })).toBe(false);
    expect(await closeUpload(database.db, { id: upload.id, lease: dead })).toBe(false);
    expect(await releaseUpload(database.db, { id: upload.id, lease: dead, offsetBytes: 1 })).toBe(false);
    expect(await closeUpload(database.db, { id: upload.id, lease: next })).toBe(true);
    expect(await leaseUpload(database.db, upload, { lease: dead })).toBe('unknown');
  });

  it('is lived by a server that reconnects while its old session still stands', async () => {
    const [old, young] = [await appear(3), await appear(3)];
    await leaseUpload(database.db, upload, { lease: randomUUID(), holder: 3 });
    await old.end();
    expect(await leaseUpload(database.db, upload, { lease: randomUUID() })).toBe('busy');
    await young.end();
    expect(await leaseUpload(database.db, upload, { lease: randomUUID() })).toBe('taken-over');
  });

  it('ends with time when nothing is known of its holder, and is renewed until then', async () => {
    const lease = randomUUID();
    expect(await leaseUpload(database.db, upload, { lease })).toBe('leased');
    expect(await leaseUpload(database.db, upload, { lease: randomUUID() })).toBe('busy');
    expect(await renewLease(database.db, { id: upload.id, lease })).toBe(true);
    await database.pool.query(`update upload set leased_until = now() - interval '1 s'`);
    expect(await leaseUpload(database.db, upload, { lease: randomUUID() })).toBe('taken-over');
  });

  it('is taken over after one that could not be, and not after one that was given back', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await leaseUpload(database.db, upload, { lease: first });
    await abandonLease(database.db, { id: upload.id, lease: first });
    expect(await leaseUpload(database.db, upload, { lease: second })).toBe('taken-over');
    await releaseUpload(database.db, { id: upload.id, lease: second, offsetBytes: 0 });
    // A lease that was lost is not had again by renewing it.
    expect(await renewLease(database.db, { id: upload.id, lease: first })).toBe(false);
    expect(await leaseUpload(database.db, upload, { lease: randomUUID() })).toBe('leased');
  });
});
