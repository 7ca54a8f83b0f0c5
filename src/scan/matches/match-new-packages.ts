import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Transaction } from 'kysely';
import { isUpdateBeingFollowed } from '../../advisories/feeds/sync-lock.ts';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { lockMatching } from './match-lock.ts';
import { matchPackages } from './match-packages.ts';

const pauseMs = 200;
/** A synchronisation that takes longer is not waited for; the report names the version that is to come. */
const patienceMs = 60_000;

/**
 * Matches those of the packages that never were. While an update of the feeds is being followed it waits: the packages that
 * were matched before are still of the version before, and an image's findings are of one version (threats.md F25).
 */
export async function matchNewPackages(db: Database, packageIds: readonly number[]): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const isDone = await db.transaction().execute(async (transaction) => {
      if (!(await hasNew(transaction, packageIds))) return true;
      await lockMatching(transaction);
      if (performance.now() < untilMs && (await isUpdateBeingFollowed(transaction))) return false;
      await matchPackages(transaction, packageIds, { onlyNew: true });
      return true;
    });
    if (isDone) return;
    await sleep(pauseMs);
  }
}

async function hasNew(transaction: Transaction<Tables>, packageIds: readonly number[]): Promise<boolean> {
  const { rows } = await sql<{ has_new: boolean }>`
    select exists (select from package where id = any(${packageIds}::int[]) and matched_at is null) as has_new`.execute(
    transaction,
  );
  return rows[0]?.has_new === true;
}
