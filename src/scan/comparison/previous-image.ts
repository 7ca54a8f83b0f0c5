import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';

/**
 * The image (`repository_manifest`) that was pushed to the same repository before this one: of the same kind, one that a
 * tag points at if there is any, and no sibling in an index. Undefined: there is none.
 */
export async function readPreviousImage(db: Database, imageId: number): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    select rm.id
    from repository_manifest own
    join manifest own_manifest on own_manifest.digest = own.manifest_digest
    join repository_manifest rm on rm.repository_id = own.repository_id
      and (rm.pushed_at, rm.id) < (own.pushed_at, own.id)
    join manifest m on m.digest = rm.manifest_digest and m.kind = own_manifest.kind
    where own.id = ${imageId} and not exists (
      select from manifest_child mine join manifest_child other on other.parent_digest = mine.parent_digest
      where mine.child_digest = own.manifest_digest and other.child_digest = rm.manifest_digest)
    order by exists (select from tag t where t.repository_id = rm.repository_id and t.manifest_digest = rm.manifest_digest) desc,
      rm.pushed_at desc, rm.id desc
    limit 1`.execute(db);
  return rows[0]?.id;
}
