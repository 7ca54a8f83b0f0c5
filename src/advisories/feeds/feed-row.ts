import type pg from 'pg';
import { awaitMatchers } from '../matching-lock.ts';
import { inTransaction } from './_transaction.ts';
import { countChanges, type RecordChanges, recordUpdate } from './record-update.ts';
import type { Validators } from './source-reader.ts';

/**
 * Version of what is derived from records and stored (canonical ids, ratings, names, ranges). Raise it with every
 * change of that derivation: held records of an older version are then read again whole.
 */
export const readerVersion = 5;

/** What table `feed` says of a feed before an attempt. */
export interface FeedRow {
  readonly recordCount: number;
  readonly version: number;
  readonly newestRecordAt?: Date;
  /** A good version is held. */
  readonly held: boolean;
  /** When that was last known to be its origin's. */
  readonly confirmedAt?: Date;
  readonly readerVersion: number;
  /** By address. */
  readonly validators: Readonly<Record<string, Validators>>;
}

interface StoredRow {
  record_count: number;
  version: number;
  newest_record_at: Date | null;
  last_success_at: Date | null;
  reader_version: number;
  validators: Readonly<Record<string, Validators>>;
}

const nothingHeld: FeedRow = { recordCount: 0, version: 0, held: false, readerVersion, validators: {} };

export async function readFeedRow(client: pg.ClientBase, name: string): Promise<FeedRow> {
  const { rows } = await client.query<StoredRow>(
    `select record_count, version, newest_record_at, last_success_at, reader_version, validators
     from feed where name = $1`,
    [name],
  );
  const row = rows[0];
  if (row === undefined) return nothingHeld;
  return {
    recordCount: row.record_count,
    version: row.version,
    ...(row.newest_record_at === null ? {} : { newestRecordAt: row.newest_record_at }),
    held: row.last_success_at !== null,
    ...(row.last_success_at === null ? {} : { confirmedAt: row.last_success_at }),
    readerVersion: row.reader_version,
    validators: row.validators,
  };
}

export interface FeedConfirmation {
  readonly name: string;
  readonly at: Date;
  /** When this version was last known to be its origin's; freshness counts from here (threats.md F22). */
  readonly confirmedAt: Date;
  readonly source: string;
  readonly validators: Readonly<Record<string, Validators>>;
}

/** The source still has the version that is held. */
export async function confirmFeed(client: pg.ClientBase, confirmation: FeedConfirmation): Promise<void> {
  await client.query(
    `update feed set last_attempt_at = $2, last_success_at = $3, last_error = null, failures = 0,
       is_unreachable = false, source = $4, validators = $5
     where name = $1`,
    [
      confirmation.name,
      confirmation.at,
      confirmation.confirmedAt,
      confirmation.source,
      JSON.stringify(confirmation.validators),
    ],
  );
}

export interface AppliedFeed extends FeedConfirmation {
  readonly recordCount: number;
  readonly newestRecordAt: Date | undefined;
  readonly skippedCount: number;
  readonly beganAt: Date;
  /** What was held before. */
  readonly before: Pick<FeedRow, 'version' | 'recordCount'>;
  /** Any of them makes the feed's version grow and an entry of its history. */
  readonly changes: RecordChanges;
}

/** Another version was read; called in the transaction that applied it. Keeps in the history what it changed. */
export async function writeAppliedFeed(client: pg.ClientBase, applied: AppliedFeed): Promise<void> {
  const isChanged = countChanges(applied.changes) > 0;
  await client.query(
    `insert into feed (name, record_count, newest_record_at, version, last_attempt_at, last_success_at, last_error,
       source, skipped_count, reader_version, validators)
     values ($1, $2, $3, 1, $4, $10, null, $5, $6, $7, $8)
     on conflict (name) do update set
       record_count = excluded.record_count, newest_record_at = excluded.newest_record_at,
       version = feed.version + $9::int, last_attempt_at = excluded.last_attempt_at,
       last_success_at = excluded.last_success_at, last_error = null, failures = 0, is_unreachable = false,
       source = excluded.source,
       skipped_count = excluded.skipped_count, reader_version = excluded.reader_version,
       validators = excluded.validators`,
    [
      applied.name,
      applied.recordCount,
      applied.newestRecordAt ?? null,
      applied.at,
      applied.source,
      applied.skippedCount,
      readerVersion,
      JSON.stringify(applied.validators),
      isChanged ? 1 : 0,
      applied.confirmedAt,
    ],
  );
  if (!isChanged) return;
  await recordUpdate(client, {
    feed: applied.name,
    outcome: 'applied',
    source: applied.source,
    beganAt: applied.beganAt,
    endedAt: applied.at,
    versionBefore: applied.before.version,
    recordsBefore: applied.before.recordCount,
    recordsAfter: applied.recordCount,
    changes: applied.changes,
  });
  await awaitMatchers(client);
}

export interface FailedAttempt {
  readonly name: string;
  readonly beganAt: Date;
  readonly at: Date;
  readonly error: string;
  /** A source did not answer, so that an early attempt may help; otherwise what it gave was refused. */
  readonly isUnreachable: boolean;
}

/** The attempt failed: what is held stays, with the reason beside it and in the history. Returns what is held. */
export async function writeFailedAttempt(client: pg.ClientBase, failure: FailedAttempt): Promise<FeedRow> {
  const { name, beganAt, at, error, isUnreachable } = failure;
  return await inTransaction(client, async () => {
    await client.query(
      `insert into feed (name, last_attempt_at, last_error, failures, is_unreachable) values ($1, $2, $3, 1, $4)
       on conflict (name) do update set last_attempt_at = excluded.last_attempt_at, last_error = excluded.last_error,
         failures = feed.failures + 1, is_unreachable = excluded.is_unreachable`,
      [name, at, error, isUnreachable],
    );
    const row = await readFeedRow(client, name);
    const { version, recordCount: records } = row;
    const outcome = isUnreachable ? 'unreachable' : 'refused';
    await recordUpdate(client, { feed: name, outcome, error, beganAt, endedAt: at, version, records });
    return row;
  });
}
