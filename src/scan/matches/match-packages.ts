import { sql, type Transaction } from 'kysely';
import type { MatchCounts } from '../../advisories/feeds/update-effects.ts';
import type { Tables } from '../../database/tables.ts';
import { judgePackages, type PackageRow, readJudgingInputs } from './judge-packages.ts';
import { followedExploits, noteMatchChanges } from './match-changes.ts';
import { MatchDetails } from './match-details.ts';
import { changedPackagesOf, countByEcosystem, differencesOf, type HeldMatch } from './match-differences.ts';
import { lockDetails, lockMatching } from './match-lock.ts';
import { matchingVersion } from './matching-version.ts';
import { addToCounts, readExploited } from './package-counts.ts';
import { keepFirstSeen, storeRenamed, storeResolved, storeWritten } from './store-matches.ts';

/** What matching came to. */
export interface MatchedAnew {
  /** Packages whose matches changed. */
  readonly changedIds: ReadonlySet<number>;
  /** Of packages that were matched before. */
  readonly ecosystems: ReadonlyMap<string, MatchCounts>;
}

/**
 * Matches packages against the advisories held now and stores what differs: `first_seen_at` of a known match stays, one
 * that is gone is resolved, not deleted. `onlyNew` leaves those alone that were matched before. What became of a package that
 * was matched before is kept; with `tell` for `takeMatchChanges()`, too.
 */
export async function matchPackages(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  options: { readonly onlyNew: boolean; readonly tell?: boolean },
): Promise<MatchedAnew> {
  const { onlyNew } = options;
  await lockMatching(transaction);
  await lockDetails(transaction, 'others');
  // In order, so that two scans of like images wait for one another; the second then finds them matched.
  const { rows } = await sql<PackageRow>`
    select id, ecosystem, release, name, version, source_name, source_version, module from package
    where id = any(${packageIds}::int[]) and (matched_at is null or not ${onlyNew})
    order by id for update`.execute(transaction);
  if (rows.length === 0) return { changedIds: new Set(), ecosystems: new Map() };
  const ids = rows.map(({ id }) => id);
  const details = new MatchDetails();
  const wanted = await judgePackages(rows, await readJudgingInputs(transaction, rows), details);
  const held = await readHeld(transaction, ids, details);
  const followed = onlyNew ? undefined : await followedExploits(transaction);
  const differences = differencesOf(ids, wanted, (id) => held.get(id) ?? [], followed);
  if (!onlyNew) await noteMatchChanges(transaction, differences.noted, { tell: options.tell ?? false });
  const seenBefore = await storeRenamed(transaction, differences.renamed);
  await storeWritten(transaction, differences.written, details);
  await storeResolved(transaction, differences.resolved);
  await keepFirstSeen(transaction, seenBefore);
  await addToCounts(transaction, differences, await readExploited(transaction));
  await markMatched(transaction, ids);
  return {
    changedIds: changedPackagesOf(differences),
    ecosystems: onlyNew ? new Map() : countByEcosystem(rows, differences),
  };
}

async function readHeld(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  details: MatchDetails,
): Promise<ReadonlyMap<number, readonly HeldMatch[]>> {
  const { rows } = await sql<{ package_id: number; detail_id: number; resolved: boolean }>`
    select package_id, detail_id, resolved_at is not null as resolved
    from stored_match where package_id = any(${packageIds}::int[])`.execute(transaction);
  await details.read(transaction, { ids: [...new Set(rows.map((row) => row.detail_id))] });
  const held = new Map<number, HeldMatch[]>();
  for (const { package_id: packageId, detail_id: detailId, resolved } of rows) {
    const detail = details.byId(detailId);
    if (detail === undefined) continue; // the foreign key sees to it that there is one
    const known = held.get(packageId);
    if (known === undefined) held.set(packageId, [{ packageId, detailId, detail, resolved }]);
    else known.push({ packageId, detailId, detail, resolved });
  }
  return held;
}

async function markMatched(transaction: Transaction<Tables>, packageIds: readonly number[]): Promise<void> {
  await sql`
    update package set matched_at = now(), matching_version = ${matchingVersion}
    where id = any(${packageIds}::int[]) and (matched_at is null or matching_version <> ${matchingVersion})`.execute(
    transaction,
  );
}
