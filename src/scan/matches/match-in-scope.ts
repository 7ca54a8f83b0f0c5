import { sql, type Transaction } from 'kysely';
import type { MatchCounts } from '../../advisories/feeds/update-effects.ts';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { intArray } from './int-array.ts';
import { judgePackages, type MatchScope, type PackageRow, readJudgingInputs } from './judge-packages.ts';
import { followedExploits, noteMatchChanges } from './match-changes.ts';
import { deleteUnused, MatchDetails } from './match-details.ts';
import {
  addUp,
  changedPackagesOf,
  countByEcosystem,
  differencesOf,
  type HeldMatch,
  type WrittenMatch,
} from './match-differences.ts';
import { lockDetails, lockMatching } from './match-lock.ts';
import type { MatchedAnew } from './match-packages.ts';
import type { RenamedMatch } from './other-names.ts';
import { addToCounts, readExploited } from './package-counts.ts';
import { References } from './references.ts';
import { keepFirstSeen, storeRenamed, storeResolved, storeWritten } from './store-matches.ts';

/** Packages of one step: while one is judged here, one connection reads the next and another stores the last. */
const stepPackages = 4_000;

export interface InScopeOptions {
  readonly scope: MatchScope;
  readonly tell: boolean;
  readonly signal: AbortSignal | undefined;
  /**
   * Reads on another connection than the transaction's: packages and what is said of them, which it does not write, and the
   * matches of before.
   */
  readonly reader: Database;
}

/**
 * `matchPackages()` for packages that were matched before, of which only what `scope` names may differ; everything else is left
 * alone, and so are packages that were never matched. Packages of one name should come one after the other.
 */
export async function matchInScope(
  transaction: Transaction<Tables>,
  packageIds: readonly number[],
  { scope, tell, signal, reader }: InScopeOptions,
): Promise<MatchedAnew> {
  await lockMatching(transaction);
  await lockDetails(transaction, 'alone');
  const details = new MatchDetails();
  const readStep = async (start: number) => {
    const rows = await readPackages(reader, packageIds.slice(start, start + stepPackages));
    return { rows, inputs: await readJudgingInputs(reader, rows, scope) };
  };
  let reading = readStep(0);
  reading.catch(() => {}); // whoever waits for it throws it
  const references = await References.read(transaction, { ...scope, details, reader });
  const exploited = await readExploited(transaction);
  const followed = await followedExploits(transaction);
  const written: WrittenMatch[] = [];
  const resolved: HeldMatch[] = [];
  const renamed: RenamedMatch[] = [];
  const ecosystems = new Map<string, MatchCounts>();
  const lane = new Lane();
  for (let start = 0; start < packageIds.length; start += stepPackages) {
    signal?.throwIfAborted();
    const { rows, inputs } = await reading;
    if (start + stepPackages < packageIds.length) {
      reading = readStep(start + stepPackages);
      reading.catch(() => {});
    }
    const wanted = await judgePackages(rows, inputs, details);
    const differences = differencesOf(
      rows.map(({ id }) => id),
      wanted,
      (id) => references.heldBy(id),
      followed,
    );
    for (const match of differences.written) written.push(match);
    for (const match of differences.resolved) resolved.push(match);
    for (const match of differences.renamed) renamed.push(match);
    addUp(ecosystems, countByEcosystem(rows, differences));
    void lane.add(async () => {
      await noteMatchChanges(transaction, differences.noted, { tell });
      await addToCounts(transaction, differences, exploited);
    });
  }
  await lane.end();
  const seenBefore = await storeRenamed(transaction, renamed);
  const { rewritten, moved } = references.rewriteWhole(written);
  await storeResolved(transaction, resolved);
  // First: nothing may move to what is about to say something else.
  await details.rewrite(transaction, rewritten);
  await storeWritten(transaction, moved, details);
  await keepFirstSeen(transaction, seenBefore);
  await deleteUnused(transaction, [
    ...moved.flatMap(({ before }) => before?.detailId ?? []),
    ...renamed.map(({ held }) => held.detailId),
  ]);
  return { changedIds: changedPackagesOf({ written, resolved, renamed }), ecosystems };
}

/** No row is locked: who else writes matches of packages that were matched before waits for `lockDetails(…, 'alone')`. */
async function readPackages(db: Database, ids: readonly number[]): Promise<readonly PackageRow[]> {
  const { rows } = await sql<PackageRow>`
    select id, ecosystem, release, name, version, source_name, source_version, module from package
    where id = any(${intArray(ids)}::int[]) and matched_at is not null`.execute(db);
  return rows;
}

/** Work on one connection, one thing after the other, in the order in which it came. After a failure nothing more is done. */
class Lane {
  #last: Promise<unknown> = Promise.resolve();

  add<Result>(work: () => Promise<Result>): Promise<Result> {
    const own = this.#last.then(work);
    own.catch(() => {}); // whoever comes next, or `end()`, throws it
    this.#last = own;
    return own;
  }

  async end(): Promise<void> {
    await this.#last;
  }
}
