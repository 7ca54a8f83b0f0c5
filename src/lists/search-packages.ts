import { sql } from 'kysely';
import { spellingsOf } from '../advisories/osv/id-spellings.ts';
import type { Database } from '../database/database.ts';
import { findPackages, type KnownPackage, packagesFoundMax } from './find-packages.ts';
import { countHolders, countHoldersAlso, type HolderScope, heldAmong, sortedIds } from './package-holders.ts';
import type { ParsedSearch } from './parse-search.ts';

/** What a search is for: a vulnerability's id, or packages. */
export type Search = Exclude<ParsedSearch, { readonly kind: 'malformed' }>;

/** The packages that a search means, whoever holds them. */
export interface MeantPackages {
  /** Of the range, or affected by the vulnerability. */
  readonly within: readonly number[];
  /** Whose versions cannot be compared. */
  readonly incomparable: readonly number[];
  readonly isCut: boolean;
}

/** `findPackages()` for packages; for a vulnerability by any of its ids what matched it. */
export async function meantPackages(
  db: Database,
  search: Search,
  ecosystem?: string,
): Promise<MeantPackages> {
  if (search.kind === 'vulnerability') return await affectedPackages(db, search.id, ecosystem);
  const { within, incomparable, isCut } = await findPackages(db, search.search, ecosystem);
  return { within: idsOf(within), incomparable: idsOf(incomparable), isCut };
}

async function affectedPackages(
  db: Database,
  id: string,
  ecosystem: string | undefined,
): Promise<MeantPackages> {
  const spellings = spellingsOf(id);
  const inEcosystem = ecosystem === undefined ? sql`true` : sql`p.ecosystem = ${ecosystem}`;
  const { rows } = await sql<{ id: number; isComparable: boolean }>`
    select m.package_id as id, bool_or(m.status = 'affected') as "isComparable"
    from package_match m join package p on p.id = m.package_id
    where m.resolved_at is null and ${inEcosystem}
      and (m.vulnerability_id = any(${spellings}::text[]) or m.aliases && ${spellings}::text[])
    group by 1 order by 1 limit ${2 * packagesFoundMax + 1}`.execute(db);
  const isCut = rows.length > 2 * packagesFoundMax;
  const found = rows.slice(0, 2 * packagesFoundMax);
  return {
    within: idsOf(found.filter(({ isComparable }) => isComparable)),
    incomparable: idsOf(found.filter(({ isComparable }) => !isComparable)),
    isCut,
  };
}

/** What is known of the packages that a search means, as far as images in scope hold them. */
export interface SearchSummary {
  /** Open ones of those packages, each counted once; of a search for a vulnerability those that bear the id. */
  readonly vulnerabilityIds: readonly string[];
  readonly packageCount: number;
  readonly incomparableCount: number;
  /** Images that hold one of the packages. */
  readonly imageCount: number;
  /** Images that hold one with such a vulnerability. */
  readonly affectedImageCount: number;
  readonly isCut: boolean;
}

export async function summariseSearch(
  db: Database,
  scope: HolderScope,
  asked: { readonly search: Search; readonly ecosystem?: string },
): Promise<SearchSummary> {
  const { search, ecosystem } = asked;
  const { within, incomparable, isCut } = await meantPackages(db, search, ecosystem);
  const held = await heldAmong(db, scope, [...within, ...incomparable]);
  const own = within.filter((id) => held.has(id));
  const spellings = search.kind === 'vulnerability' ? spellingsOf(search.id) : undefined;
  const bearsId =
    spellings === undefined
      ? sql`true`
      : sql`(m.vulnerability_id = any(${spellings}::text[]) or m.aliases && ${spellings}::text[])`;
  const { rows } = await sql<{ ids: string[] | null; affected: number[] | null }>`
    select array_agg(distinct m.vulnerability_id) as ids, array_agg(distinct m.package_id) as affected
    from package_match m
    where m.package_id = any(${sortedIds(own)}::int[]) and m.resolved_at is null and m.status = 'affected' and ${bearsId}`.execute(
    db,
  );
  const affected = rows[0]?.affected ?? [];
  const isEachAffected = affected.length === own.length;
  const images = isEachAffected
    ? await countHolders(db, scope, own).then((count) => ({ all: count, some: count }))
    : await countHoldersAlso(db, scope, { all: own, some: affected });
  return {
    vulnerabilityIds: rows[0]?.ids ?? [],
    packageCount: own.length,
    incomparableCount: incomparable.filter((id) => held.has(id)).length,
    imageCount: images.all,
    affectedImageCount: images.some,
    isCut,
  };
}

function idsOf(packages: readonly Pick<KnownPackage, 'id'>[]): readonly number[] {
  return sortedIds(packages.map(({ id }) => id));
}
