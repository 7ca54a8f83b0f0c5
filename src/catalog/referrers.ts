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
 * Manifests of this repository alone whose subject is the digest, under whichever algorithm they name it. `limit` bounds their number.
 */
export async function listReferrers(
  db: Database,
  asked: {
    readonly repositoryId: number;
    readonly subject: Digest;
    readonly artifactType?: string;
    readonly afterImageId?: number;
    readonly limit: number;
  },
): Promise<readonly Referrer[]> {
  const byType = asked.artifactType === undefined ? sql`true` : sql`m.artifact_type = ${asked.artifactType}`;
  const result = await sql<{
    imageId: number;
    digest: Digest;
    mediaType: string;
    sizeBytes: number;
    artifactType: string | null;
    annotations: Readonly<Record<string, string>> | null;
  }>`
    select rm.id as "imageId", m.digest, m.media_type as "mediaType", m.size_bytes as "sizeBytes",
      m.artifact_type as "artifactType", m.annotations
    from manifest m
    join repository_manifest rm on rm.manifest_digest = m.digest and rm.repository_id = ${asked.repositoryId}
    where m.subject_digest in (
        select ${asked.subject}
        union select unnest(array[s.digest, s.digest_sha512]) from manifest s
        where s.digest = ${asked.subject} or s.digest_sha512 = ${asked.subject})
      and rm.id > ${asked.afterImageId ?? 0} and ${byType}
    order by rm.id limit ${asked.limit}`.execute(db);
  return result.rows.map(({ artifactType, annotations, ...row }) => ({
    ...row,
    ...(artifactType === null ? {} : { artifactType }),
    ...(annotations === null ? {} : { annotations }),
  }));
}
