import type pg from 'pg';

/** How many records of a feed an update brought, touched and took. */
export interface RecordChanges {
  readonly added: number;
  /** Without those withdrawn. */
  readonly changed: number;
  /** Still there, and said to be wrong since. */
  readonly withdrawn: number;
  /** No longer in the feed. */
  readonly vanished: number;
}

export const noRecordChanges: RecordChanges = { added: 0, changed: 0, withdrawn: 0, vanished: 0 };

export function countChanges({ added, changed, withdrawn, vanished }: RecordChanges): number {
  return added + changed + withdrawn + vanished;
}

/** An update that was applied, or that failed and left everything as it was. */
export type UpdateToRecord = {
  readonly feed: string;
  readonly beganAt: Date;
  readonly endedAt: Date;
} & (
  | {
      readonly outcome: 'applied';
      readonly source: string;
      readonly versionBefore: number;
      readonly recordsBefore: number;
      readonly recordsAfter: number;
      readonly changes: RecordChanges;
    }
  | {
      readonly outcome: 'refused' | 'unreachable';
      readonly error: string;
      readonly version: number;
      readonly records: number;
    }
);

/** Of those that were applied, and as many of the others: a source that fails all week hides no update. */
const keptPerFeed = 10;

/** Adds to the history of a feed; a failure like the last one is counted to that. */
export async function recordUpdate(client: pg.ClientBase, update: UpdateToRecord): Promise<void> {
  if (update.outcome === 'applied') await insertApplied(client, update);
  else if (!(await repeatFailure(client, update))) await insertFailure(client, update);
  await client.query(
    `delete from feed_update where id in (
       select id from (
         select id, row_number() over (partition by outcome = 'applied' order by id desc) as nth
         from feed_update where feed = $1) as numbered
       where nth > ${keptPerFeed})`,
    [update.feed],
  );
}

async function insertApplied(
  client: pg.ClientBase,
  update: UpdateToRecord & { readonly outcome: 'applied' },
): Promise<void> {
  const { added, changed, withdrawn, vanished } = update.changes;
  await client.query(
    `insert into feed_update (feed, outcome, source, began_at, ended_at, version_before, version_after, records_before,
       records_after, records_added, records_changed, records_withdrawn, records_vanished)
     values ($1, 'applied', $2, $3, $4, $5, $5::bigint + 1, $6, $7, $8, $9, $10, $11)`,
    [
      update.feed,
      update.source,
      update.beganAt,
      update.endedAt,
      update.versionBefore,
      update.recordsBefore,
      update.recordsAfter,
      added,
      changed,
      withdrawn,
      vanished,
    ],
  );
}

type Failure = UpdateToRecord & { readonly outcome: 'refused' | 'unreachable' };

async function repeatFailure(client: pg.ClientBase, { feed, outcome, error, endedAt }: Failure) {
  const { rowCount } = await client.query(
    `update feed_update set attempts = attempts + 1, ended_at = $4
     where id = (select max(id) from feed_update where feed = $1) and outcome = $2 and error = $3`,
    [feed, outcome, error, endedAt],
  );
  return rowCount === 1;
}

async function insertFailure(client: pg.ClientBase, failure: Failure): Promise<void> {
  const { feed, outcome, error, beganAt, endedAt, version, records } = failure;
  await client.query(
    `insert into feed_update (feed, outcome, error, began_at, ended_at, version_before, version_after, records_before,
       records_after)
     values ($1, $2, $3, $4, $5, $6, $6, $7, $7)`,
    [feed, outcome, error, beganAt, endedAt, version, records],
  );
}
