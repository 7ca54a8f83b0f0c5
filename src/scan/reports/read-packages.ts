import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Package } from '../../report/package.ts';

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

/** Interned packages by id; one that is not there is absent. */
export async function readPackages(
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
