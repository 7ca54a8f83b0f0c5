import { type RawBuilder, sql } from 'kysely';
import { spellingsOf } from '../advisories/osv/id-spellings.ts';
import type { Database } from '../database/database.ts';
import { findPackages, type KnownPackage } from './find-packages.ts';
import { detailsOfPackages, packagesOfDetail } from './open-matches.ts';
import { countHolders, heldAmong, type SampledScope, sortedIds } from './package-holders.ts';
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
  /** Of a search for a vulnerability: which of those that bear the id affect a package of `within`. */
  readonly affectedBy?: ReadonlyMap<number, readonly string[]>;
}

/** Packages of a vulnerability that are looked for in images. */
const affectedMax = 10_000;

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
  const inEcosystem =
    ecosystem === undefined
      ? sql`true`
      : sql`exists (select from package p where p.id = m.package_id and p.ecosystem = ${ecosystem})`;
  const { rows } = await sql<{ id: number; by: readonly string[] | null }>`
    select m.package_id as id, array_agg(distinct d.vulnerability_id) filter (where d.status = 'affected') as by
    from match_detail d cross join lateral (${packagesOfDetail}) m
    where ${bearsId(spellingsOf(id))} and ${inEcosystem}
    group by 1 order by 1 limit ${affectedMax + 1}`.execute(db);
  const found = rows.slice(0, affectedMax);
  return {
    within: idsOf(found.filter(({ by }) => by !== null)),
    incomparable: idsOf(found.filter(({ by }) => by === null)),
    isCut: rows.length > affectedMax,
    affectedBy: new Map(found.flatMap(({ id: packageId, by }) => (by === null ? [] : [[packageId, by]]))),
  };
}

/** Of a detail `d`: it is of the vulnerability that any of these ids name. */
function bearsId(spellings: readonly string[]): RawBuilder<unknown> {
  return sql`(d.vulnerability_id = any(${spellings}::text[]) or d.aliases && ${spellings}::text[])`;
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
  sampled: SampledScope,
  meant: MeantPackages,
): Promise<SearchSummary> {
  const { within, incomparable, isCut, affectedBy } = meant;
  const held = await heldAmong(db, sampled, [...within, ...incomparable]);
  const own = within.filter((id) => held.has(id));
  const [{ vulnerabilityIds, affected }, imageCount] = await Promise.all([
    affectedBy === undefined ? readAffected(db, own) : affectedAmong(own, affectedBy),
    countHolders(db, sampled, own),
  ]);
  const isEach = affected.length === own.length;
  return {
    vulnerabilityIds,
    packageCount: own.length,
    incomparableCount: incomparable.filter((id) => held.has(id)).length,
    imageCount,
    affectedImageCount: isEach ? imageCount : await countHolders(db, sampled, affected),
    isCut,
  };
}

/** Vulnerabilities of some packages, each once, and those of the packages that have one. */
interface Affected {
  readonly vulnerabilityIds: readonly string[];
  readonly affected: readonly number[];
}

async function readAffected(db: Database, packageIds: readonly number[]): Promise<Affected> {
  const { rows } = await sql<{ ids: string[] | null; affected: number[] | null }>`
    select array_agg(distinct d.vulnerability_id) as ids, array_agg(distinct m.package_id) as affected
    from (${detailsOfPackages(packageIds)}) m join match_detail d on d.id = m.detail_id
    where d.status = 'affected'`.execute(db);
  return { vulnerabilityIds: rows[0]?.ids ?? [], affected: rows[0]?.affected ?? [] };
}

function affectedAmong(
  packageIds: readonly number[],
  affectedBy: ReadonlyMap<number, readonly string[]>,
): Affected {
  const vulnerabilityIds = new Set(packageIds.flatMap((id) => affectedBy.get(id) ?? []));
  return { vulnerabilityIds: [...vulnerabilityIds].sort(), affected: packageIds };
}

function idsOf(packages: readonly Pick<KnownPackage, 'id'>[]): readonly number[] {
  return sortedIds(packages.map(({ id }) => id));
}
