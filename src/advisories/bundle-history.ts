import { type Selectable, sql, type Transaction } from 'kysely';
import type { AdvisoryBundleTable } from '../database/bundle-tables.ts';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';

/** A bundle that was accepted here. */
export interface AcceptedBundle {
  readonly id: number;
  readonly version: number;
  /** Of its config. */
  readonly digest: string;
  readonly createdAt: Date;
  /** Whose signature counted; absent: it was accepted without one. */
  readonly keyId?: string;
  readonly source: string;
  readonly acceptedAt: Date;
  /** Absent: it was not imported to its end. */
  readonly importedAt?: Date;
}

/** The last one that was accepted; its version is the one to beat. */
export async function lastBundle(db: Database): Promise<AcceptedBundle | undefined> {
  const row = await db
    .selectFrom('advisory_bundle')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : shown(row);
}

function shown(row: Selectable<AdvisoryBundleTable>): AcceptedBundle {
  return {
    id: row.id,
    version: row.version,
    digest: row.digest,
    createdAt: row.created_at,
    ...(row.key_id === null ? {} : { keyId: row.key_id }),
    source: row.source,
    acceptedAt: row.accepted_at,
    ...(row.imported_at === null ? {} : { importedAt: row.imported_at }),
  };
}

/** The last one, locked: nobody else accepts one before the transaction ends. */
export async function lockLastBundle(transaction: Transaction<Tables>): Promise<AcceptedBundle | undefined> {
  await sql`lock table advisory_bundle in share row exclusive mode`.execute(transaction);
  return await lastBundle(transaction);
}

export async function addBundle(
  transaction: Transaction<Tables>,
  bundle: Omit<AcceptedBundle, 'id' | 'importedAt'>,
): Promise<number> {
  const { id } = await transaction
    .insertInto('advisory_bundle')
    .values({
      version: bundle.version,
      digest: bundle.digest,
      created_at: bundle.createdAt,
      key_id: bundle.keyId ?? null,
      source: bundle.source,
      accepted_at: bundle.acceptedAt,
      imported_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function finishBundle(
  db: Database,
  finished: { readonly id: number; readonly at: Date },
): Promise<void> {
  await db
    .updateTable('advisory_bundle')
    .set({ imported_at: finished.at })
    .where('id', '=', finished.id)
    .execute();
}
