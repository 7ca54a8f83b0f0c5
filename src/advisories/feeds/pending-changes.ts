import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { SyncResult } from './sync-result.ts';

export type Changes = Pick<
  SyncResult,
  'changedAdvisoryIds' | 'changedCves' | 'changedPackages' | 'changedVulnerabilityIds' | 'updates'
>;

/** Changes that were applied and not yet acknowledged, also those of runs that died before the re-match. */
export async function readPendingChanges(db: Database): Promise<Changes> {
  // First, so that all that they changed is among the changes.
  const updates = await db
    .selectFrom('feed_update')
    .select(['id', 'feed', 'version_after as version'])
    .where('outcome', '=', 'applied')
    .where('matched_at', 'is', null)
    .execute();
  const rows = await db.selectFrom('pending_change').selectAll().orderBy('name').execute();
  const namesOf = (kind: string) => rows.filter((row) => row.kind === kind).map((row) => row.name);
  return {
    updates,
    changedAdvisoryIds: namesOf('advisory'),
    changedCves: namesOf('cve'),
    changedVulnerabilityIds: namesOf('vulnerability'),
    changedPackages: rows
      .filter((row) => row.kind === 'package')
      .map((row) => ({ ecosystem: row.ecosystem, name: row.name })),
  };
}

/** The changes of both, which have none in common. */
export function joinChanges(first: Changes, second: Changes): Changes {
  return {
    changedAdvisoryIds: [...first.changedAdvisoryIds, ...second.changedAdvisoryIds],
    changedCves: [...first.changedCves, ...second.changedCves],
    changedPackages: [...first.changedPackages, ...second.changedPackages],
    changedVulnerabilityIds: [
      ...(first.changedVulnerabilityIds ?? []),
      ...(second.changedVulnerabilityIds ?? []),
    ],
    updates: [...(first.updates ?? []), ...(second.updates ?? [])],
  };
}

/** Whether a synchronisation was applied whose re-match has not ended: it died, or still runs. */
export async function hasPendingChanges(db: Database): Promise<boolean> {
  const row = await db.selectFrom('pending_change').select('kind').limit(1).executeTakeFirst();
  return row !== undefined;
}

/**
 * Forgets changes that have been re-matched. Call it in the transaction that stores the re-match, or after it:
 * what is not acknowledged comes again with the next synchronisation.
 */
export async function acknowledgeChanges(db: Database, changes: Changes): Promise<void> {
  const packages = changes.changedPackages;
  await sql`
    delete from pending_change where
      (kind = 'advisory' and name = any(${changes.changedAdvisoryIds}::text[]))
      or (kind = 'cve' and name = any(${changes.changedCves}::text[]))
      or (kind = 'vulnerability' and name = any(${changes.changedVulnerabilityIds ?? []}::text[]))
      or (kind = 'package' and (ecosystem, name) in (
        select * from unnest(${packages.map((one) => one.ecosystem)}::text[],
          ${packages.map((one) => one.name)}::text[])))`.execute(db);
}
