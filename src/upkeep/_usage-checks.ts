import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Breach } from './breach.ts';

/** INV7: what each namespace is said to hold is the sum of what it holds. One statement: pushes may go on meanwhile. */
export async function* checkUsages(db: Database): AsyncGenerator<Breach> {
  const { rows } = await sql<{ name: string; counted: number; held: number }>`
    with held as (
      select namespace_id, sum(size_bytes) as size_bytes from (
        select distinct r.namespace_id, b.digest, b.size_bytes
        from repository_blob l join repository r on r.id = l.repository_id join blob b on b.digest = l.digest
        union all
        (select distinct r.namespace_id, m.digest, m.size_bytes
        from repository_manifest l join repository r on r.id = l.repository_id
        join manifest m on m.digest = l.manifest_digest)
        union all
        select r.namespace_id, u.id::text, greatest(u.offset_bytes, u.reserved_bytes)
        from upload u join repository r on r.id = u.repository_id) as content
      group by namespace_id),
    counted as (
      select namespace_id, sum(size_bytes) as size_bytes from (
        select namespace_id, size_bytes from namespace_usage
        union all
        select namespace_id, size_bytes from namespace_usage_delta) as parts
      group by namespace_id)
    select n.name, coalesce(counted.size_bytes, 0)::bigint as counted, coalesce(held.size_bytes, 0)::bigint as held
    from namespace n
    left join held on held.namespace_id = n.id left join counted on counted.namespace_id = n.id
    where coalesce(counted.size_bytes, 0) <> coalesce(held.size_bytes, 0)
    order by 1`.execute(db);
  for (const { name, counted, held } of rows) {
    yield broken(name, `holds ${held} bytes, and ${counted} are counted for its quota`);
  }
  const links = await sql<{ name: string; total: number }>`
    with held as (
      select r.namespace_id, l.digest, 'blob' as kind, count(*) as link_count
      from repository_blob l join repository r on r.id = l.repository_id group by 1, 2
      union all
      select r.namespace_id, l.manifest_digest, 'manifest', count(*)
      from repository_manifest l join repository r on r.id = l.repository_id group by 1, 2)
    select n.name, count(*) as total
    from held full join namespace_content content using (namespace_id, digest, kind)
    join namespace n on n.id = namespace_id
    where held.link_count is distinct from content.link_count
    group by 1 order by 1`.execute(db);
  for (const { name, total } of links.rows) {
    yield broken(
      name,
      `${total} of its blobs and manifests are counted in more or fewer repositories than hold them`,
    );
  }
}

function broken(subject: string, problem: string): Breach {
  const remedy = 'please report it: pushes may be refused, or let in, for what is not there';
  return { invariant: 'INV7', level: 'broken', subject: `namespace ${subject}`, problem, remedy };
}
