import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';

/** A manifest that names another as its subject, as the referrers list shows it. */
export interface Referrer {
  /** Grows with every push: where the next page goes on. */
  readonly imageId: number;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Manifests of this repository alone whose subject is the digest, under whichever algorithm they name it. `limit` bounds
 * their number, `sizeBytesMax` the bytes of the manifests together, of which each entry repeats a part; one comes always.
 */
export async function listReferrers(
  db: Database,
  asked: {
    readonly repositoryId: number;
    readonly subject: Digest;
    readonly artifactType?: string;
    readonly afterImageId?: number;
    readonly limit: number;
    readonly sizeBytesMax: number;
  },
): Promise<{ readonly items: readonly Referrer[]; readonly hasMore: boolean }> {
  const byType = asked.artifactType === undefined ? sql`true` : sql`m.artifact_type = ${asked.artifactType}`;
  const result = await sql<{
    imageId: number;
    digest: Digest;
    mediaType: string;
    sizeBytes: number;
    artifactType: string | null;
    annotations: Readonly<Record<string, string>> | null;
    found: number;
  }>`
    with page as (
      select rm.id, m.digest, m.size_bytes
      from manifest m
      join repository_manifest rm on rm.manifest_digest = m.digest and rm.repository_id = ${asked.repositoryId}
      where m.subject_digest in (
          select ${asked.subject}
          union select unnest(array[s.digest, s.digest_sha512]) from manifest s
          where s.digest = ${asked.subject} or s.digest_sha512 = ${asked.subject})
        and rm.id > ${asked.afterImageId ?? 0} and ${byType}
      order by rm.id limit ${asked.limit + 1}),
    summed as (select id, digest, size_bytes, sum(size_bytes) over (order by id) as so_far from page)
    select summed.id as "imageId", m.digest, m.media_type as "mediaType", m.size_bytes as "sizeBytes",
      m.artifact_type as "artifactType", m.annotations, (select count(*)::int from page) as found
    from summed join manifest m on m.digest = summed.digest
    where so_far <= ${asked.sizeBytesMax} or so_far = summed.size_bytes
    order by summed.id limit ${asked.limit}`.execute(db);
  const items = result.rows.map(({ artifactType, annotations, found: _, ...row }) => ({
    ...row,
    ...(artifactType === null ? {} : { artifactType }),
    ...(annotations === null ? {} : { annotations }),
  }));
  return { items, hasMore: items.length < (result.rows[0]?.found ?? 0) };
}
