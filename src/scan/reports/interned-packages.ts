import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Package } from '../../report/package.ts';
import { UsedLately } from '../matches/used-lately.ts';

/** One value for all rows: to parse each field of each row takes three times as long. */
type PackageColumns = readonly [
  ids: readonly number[] | null,
  ecosystems: readonly string[],
  releases: readonly string[],
  names: readonly string[],
  versions: readonly string[],
  sourceNames: readonly (string | null)[],
  sourceVersions: readonly (string | null)[],
  modules: readonly string[],
];

/** Packages that are kept in memory, each of some 300 bytes. */
const packagesMax = 20_000;

/** Interned packages by id. What was read last is kept in memory: no package ever changes under its id. */
export class InternedPackages {
  readonly #db: Database;
  readonly #kept: UsedLately<Package>;

  constructor(db: Database, keptMax: number = packagesMax) {
    this.#db = db;
    this.#kept = new UsedLately(keptMax);
  }

  /** One that is not there is absent. */
  async read(packageIds: readonly number[]): Promise<ReadonlyMap<number, Package>> {
    const found = new Map<number, Package>();
    const missing: number[] = [];
    for (const id of packageIds) {
      const known = this.#kept.get(id);
      if (known === undefined) missing.push(id);
      else found.set(id, known);
    }
    for (const [id, own] of await readPackages(this.#db, missing)) {
      found.set(id, own);
      this.#kept.set(id, own);
    }
    return found;
  }
}

async function readPackages(
  db: Database,
  packageIds: readonly number[],
): Promise<ReadonlyMap<number, Package>> {
  if (packageIds.length === 0) return new Map();
  const { rows } = await sql<{ columns: PackageColumns }>`
    select json_build_array(array_agg(id), array_agg(ecosystem), array_agg(release), array_agg(name), array_agg(version),
      array_agg(nullif(source_name, name)), array_agg(nullif(source_version, version)), array_agg(module)) as columns
    from package where id = any(${packageIds}::int[])`.execute(db);
  const [ids, ecosystems, releases, names, versions, sourceNames, sourceVersions, modules] =
    rows[0]?.columns ?? [];
  return new Map(
    ids?.map((id, row) => {
      const [name = '', version = ''] = [names?.[row], versions?.[row]];
      const own: Package = {
        ecosystem: ecosystems?.[row] ?? '',
        release: releases?.[row] ?? '',
        name,
        version,
        sourceName: sourceNames?.[row] ?? name,
        sourceVersion: sourceVersions?.[row] ?? version,
        module: modules?.[row] ?? '',
      };
      return [id, own];
    }),
  );
}
