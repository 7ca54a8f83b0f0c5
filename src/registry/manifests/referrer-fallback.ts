import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/names.ts';

/** distribution-spec v1.1 spec.md#referrers-tag-schema, and the names that cosign gives signatures, attestations and SBOMs. */
const fallbackTag = /^sha(?:256-[a-f0-9]{64}|512-[a-f0-9]{64,128})(?:\.(?:sig|att|sbom))?$/;

/**
 * Whether a tag is the fallback tag of a referrer and its manifest one by content: an artifact, or an index of nothing
 * else. A tag name alone exempts nothing (threats.md P13).
 */
export async function isReferrerFallback(
  db: Database,
  asked: { readonly tag: Tag; readonly digest: Digest },
): Promise<boolean> {
  if (!fallbackTag.test(asked.tag)) return false;
  const result = await sql<{ fits: boolean }>`
    select m.kind = 'artifact' or (m.kind = 'index' and not exists (
      select from manifest_child c left join manifest child on child.digest = c.child_digest
      where c.parent_digest = m.digest and child.kind is distinct from 'artifact')) as fits
    from manifest m where m.digest = ${asked.digest}`.execute(db);
  return result.rows[0]?.fits === true;
}
