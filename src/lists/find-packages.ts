import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { packageUrl } from '../inspection/inventory/package-url.ts';
import { isNamedBy, urlVersionOf } from '../inspection/inventory/parse-package-url.ts';
import type { Package } from '../report/package.ts';
import { orderOf } from '../versions/order-of.ts';
import type { Comparison, VersionOrder } from '../versions/version-order.ts';
import type { PackageSearch, VersionLimit } from './parse-search.ts';

/** A package that some image held when it was inspected. */
export interface KnownPackage extends Package {
  readonly id: number;
}

/** By name and version, of every image there is: what a reader may know of them is for `heldAmong()`. */
export interface FoundPackages {
  /** In the range that was asked for. */
  readonly within: readonly KnownPackage[];
  /** Of the name, but their versions cannot be compared with the range. */
  readonly incomparable: readonly KnownPackage[];
  /** More bear the name than are looked at. */
  readonly isCut: boolean;
}

/** Of names that more bear, some are left out. */
const packagesLookedAtMax = 5_000;
/** So many are looked for in images: each costs every image some nanoseconds. */
export const packagesFoundMax = 1_000;

const packageColumns = sql`id, ecosystem, release, name, version, source_name as "sourceName",
  source_version as "sourceVersion", module`;

/**
 * Packages by name, by source package, or by URL, in order of name. A name is that of the package, the part behind its
 * last `/` or `:`, or that of the source package it was built from; without regard to case.
 */
export async function findPackages(
  db: Database,
  search: PackageSearch,
  ecosystem?: string,
): Promise<FoundPackages> {
  const inEcosystem = ecosystem === undefined ? sql`true` : sql`ecosystem = ${ecosystem}`;
  const { rows } = await sql<KnownPackage>`
    select ${packageColumns} from package where (${nameCondition(search)}) and ${inEcosystem}
    order by name, ecosystem, release, version, id limit ${packagesLookedAtMax + 1}`.execute(db);
  const within: KnownPackage[] = [];
  const incomparable: KnownPackage[] = [];
  for (const row of rows.slice(0, packagesLookedAtMax)) {
    const versions = namedVersions(row, search);
    if (versions.length === 0) continue;
    const standing = standingOf(row, versions, search.limits);
    if (standing === 'within') within.push(row);
    else if (standing === 'unknown') incomparable.push(row);
  }
  return {
    within: within.slice(0, packagesFoundMax),
    incomparable: incomparable.slice(0, packagesFoundMax),
    isCut:
      rows.length > packagesLookedAtMax || Math.max(within.length, incomparable.length) > packagesFoundMax,
  };
}

function nameCondition({ named }: PackageSearch): RawBuilder<unknown> {
  if (named.kind === 'pattern') {
    // Only `*` is special (threats.md E2).
    const pattern = named.pattern
      .toLowerCase()
      .replace(/[\\%_]/g, '\\$&')
      .replace(/\*+/g, '%');
    return sql`(lower(name) like ${pattern} or lower(name) like ${`%/${pattern}`} or lower(name) like ${`%:${pattern}`})`;
  }
  const name = named.kind === 'name' ? named.name : named.url.name;
  const byName = sql`searched_name(name) = searched_name(${name})`;
  if (named.kind === 'url') return byName;
  return sql`${byName} or source_name <> name and searched_name(source_name) = searched_name(${name})`;
}

/** The versions by which the package is meant: its own, its source package's, or both; none: another was meant. */
function namedVersions(one: KnownPackage, { named }: PackageSearch): readonly string[] {
  switch (named.kind) {
    case 'pattern':
      return [one.version];
    case 'url': {
      if (!isNamedBy(one, named.url)) return [];
      const written = urlVersionOf(one);
      return written === undefined || written === one.version ? [one.version] : [one.version, written];
    }
    case 'name': {
      if (isCalled(one.name, one.ecosystem, named.name)) return [one.version];
      return isCalled(one.sourceName, one.ecosystem, named.name) ? [one.sourceVersion] : [];
    }
  }
}

function isCalled(name: string, ecosystem: string, asked: string): boolean {
  const spell = (text: string) =>
    ecosystem === 'PyPI' ? text.toLowerCase().replace(/[-_.]+/g, '-') : text.toLowerCase();
  return spell(name) === spell(asked) || spell(name.replace(/^.*[/:]/s, '')) === spell(asked);
}

type Standing = 'within' | 'outside' | 'unknown';

function standingOf(
  one: KnownPackage,
  versions: readonly string[],
  limits: readonly VersionLimit[],
): Standing {
  const standings = limits.map((limit) => {
    // In a range only its own counts: spelled otherwise it could lie on both sides of a limit.
    const meant = limit.sign === '=' ? versions : versions.slice(0, 1);
    const own = meant.map((version) => standingToLimit(one.ecosystem, version, limit));
    return own.find((standing) => standing === 'within') ?? own[0] ?? 'unknown';
  });
  if (standings.includes('outside')) return 'outside';
  return standings.includes('unknown') ? 'unknown' : 'within';
}

function standingToLimit(
  ecosystem: string,
  version: string,
  { sign, version: limit }: VersionLimit,
): Standing {
  const order = orderOf(ecosystem);
  const comparison: Comparison =
    version === limit ? 'equal' : (order?.compare(version, wholeVersion(limit, order)) ?? 'undetermined');
  if (comparison === 'undetermined') return 'unknown';
  return fits[sign].includes(comparison) ? 'within' : 'outside';
}

/** People write `<2` where an ecosystem has only versions such as `2.0.0`. */
function wholeVersion(asked: string, order: VersionOrder): string {
  const isVersion = (text: string) => order.compare(text, text) === 'equal';
  return [asked, `${asked}.0`, `${asked}.0.0`].find(isVersion) ?? asked;
}

const fits: Readonly<Record<VersionLimit['sign'], readonly Comparison[]>> = {
  '<': ['less'],
  '<=': ['less', 'equal'],
  '=': ['equal'],
  '>=': ['equal', 'greater'],
  '>': ['greater'],
};

/** The packages with these ids and their URLs, in order of name. */
export async function readKnownPackages(
  db: Database,
  ids: readonly number[],
): Promise<readonly (KnownPackage & { readonly purl: string })[]> {
  const { rows } = await sql<KnownPackage>`
    select ${packageColumns} from package where id = any(${ids}::int[])
    order by name, ecosystem, release, version, id`.execute(db);
  return rows.map((row) => ({ ...row, purl: packageUrl(row) }));
}
