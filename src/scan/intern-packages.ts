import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Package } from '../report/package.ts';

/** The ids of packages, in their order; those that are new get one. Safe against others that intern the same ones. */
export async function internPackages(db: Database, packages: readonly Package[]): Promise<readonly number[]> {
  if (packages.length === 0) return [];
  const wanted = sql`unnest(
    ${packages.map((one) => one.ecosystem)}::text[], ${packages.map((one) => one.release)}::text[],
    ${packages.map((one) => one.name)}::text[], ${packages.map((one) => one.version)}::text[],
    ${packages.map((one) => one.sourceName)}::text[], ${packages.map((one) => one.sourceVersion)}::text[],
    ${packages.map((one) => one.module)}::text[])`;
  const columns = sql`ecosystem, release, name, version, source_name, source_version, module`;
  // In the order of the key, so that two scans of like images wait for one another instead of locking each other out;
  // those that exist are left out first, because a refused insert uses up an id all the same.
  await sql`
    insert into package (${columns})
    select distinct * from ${wanted} as w (${columns})
    where not exists (
      select from package p
      where (p.ecosystem, p.release, p.name, p.version, p.source_name, p.source_version, p.module)
        = (w.ecosystem, w.release, w.name, w.version, w.source_name, w.source_version, w.module))
    order by 1, 2, 3, 4, 5, 6, 7
    on conflict do nothing`.execute(db);
  const { rows } = await sql<{ id: number }>`
    select p.id from ${wanted} with ordinality as w (${columns}, position)
    join package p on (p.ecosystem, p.release, p.name, p.version, p.source_name, p.source_version, p.module)
      = (w.ecosystem, w.release, w.name, w.version, w.source_name, w.source_version, w.module)
    order by w.position`.execute(db);
  if (rows.length !== packages.length) throw new InternError(packages.length, rows.length);
  return rows.map(({ id }) => id);
}

export class InternError extends Error {
  readonly code = 'intern_failed';
  constructor(wanted: number, found: number) {
    super(`Cannot intern ${wanted} packages: each must have an id, got ${found}`);
    this.name = 'InternError';
  }
}
