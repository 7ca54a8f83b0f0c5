import { sql } from 'kysely';
import { listImmutabilityRules } from '../catalog/immutability-rules.ts';
import type { Database } from '../database/database.ts';
import { layerClaimOf } from '../oci/media-types.ts';
import { immutableBy } from '../policy/immutability.ts';
import type { Breach } from './breach.ts';

const rowsPerQuery = 1_000;

/** INV1: manifests, whose bytes are in the database, hash to their digests. Returns how many there are. */
export async function* checkManifests(db: Database): AsyncGenerator<Breach, number> {
  let count = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const { rows }: { rows: { digest: string; sound: boolean }[] } = await sql<{
      digest: string;
      sound: boolean;
    }>`
      select digest, digest = 'sha256:' || encode(sha256(content), 'hex') and size_bytes = length(content)
        and coalesce(digest_sha512 = 'sha512:' || encode(sha512(content), 'hex'), true) as sound
      from manifest where digest > ${after} order by digest limit ${rowsPerQuery}`.execute(db);
    count += rows.length;
    for (const { digest, sound } of rows) {
      if (sound) continue;
      const problem = 'the manifest in the database does not hash to its digest';
      const remedy = 'restore the database from a backup, or delete the image and push it again';
      yield { invariant: 'INV1', level: 'broken', subject: digest, problem, remedy };
    }
    after = rows.length < rowsPerQuery ? undefined : rows.at(-1)?.digest;
  }
  return count;
}

const sha512OfBlob = '(select b.digest_sha512 from blob b where b.digest = used.blob_digest)';
const sha512OfChild = '(select m.digest_sha512 from manifest m where m.digest = child.child_digest)';

/** Deleted on demand, after the manifest was pushed that refers to it (`held`, `r`, `n`): the event says so. */
const deletedOnDemand = (kind: 'blob.deleted' | 'image.deleted', ...digests: readonly string[]) =>
  sql<boolean>`exists (select from event e
    where e.namespace_id = n.id and e.kind = ${kind} and e.at >= held.pushed_at
      and e.subject in (${sql.join(digests.map((digest) => sql`r.name || '@' || ${sql.raw(digest)}`))}))`;

/** INV2: what a repository shows, it has: manifests their blobs and children, tags their manifests. */
export async function* checkReferences(db: Database): AsyncGenerator<Breach> {
  const blobs = await sql<{ image: string; digest: string; mediaType: string; deleted: boolean }>`
    select n.name || '/' || r.name || '@' || held.manifest_digest as image, used.blob_digest as digest,
      used.media_type as "mediaType",
      ${deletedOnDemand('blob.deleted', 'used.blob_digest', sha512OfBlob)} as deleted
    from repository_manifest held
    join repository r on r.id = held.repository_id join namespace n on n.id = r.namespace_id
    join manifest_blob used on used.manifest_digest = held.manifest_digest
    where not exists (select from repository_blob l join blob b on b.digest = l.digest and b.state = 'stored'
      where l.repository_id = held.repository_id and l.digest = used.blob_digest)
    order by 1, 2`.execute(db);
  for (const { image, digest, mediaType, deleted } of blobs.rows) {
    // A foreign layer lies elsewhere.
    if (layerClaimOf(mediaType) === 'foreign') continue;
    yield hole(image, `refers to the blob ${digest}, which the repository does not hold`, deleted);
  }
  const children = await sql<{ image: string; digest: string; deleted: boolean }>`
    select n.name || '/' || r.name || '@' || held.manifest_digest as image, child.child_digest as digest,
      ${deletedOnDemand('image.deleted', 'child.child_digest', sha512OfChild)} as deleted
    from repository_manifest held
    join repository r on r.id = held.repository_id join namespace n on n.id = r.namespace_id
    join manifest_child child on child.parent_digest = held.manifest_digest
    where not exists (select from repository_manifest other
      where other.repository_id = held.repository_id and other.manifest_digest = child.child_digest)
    order by 1, 2`.execute(db);
  for (const { image, digest, deleted } of children.rows) {
    yield hole(image, `lists the manifest ${digest}, which the repository does not hold`, deleted);
  }
  const tags = await sql<{ name: string; digest: string }>`
    select n.name || '/' || r.name || ':' || t.name as name, t.manifest_digest as digest
    from tag t join repository r on r.id = t.repository_id join namespace n on n.id = r.namespace_id
    where not exists (select from repository_manifest held
      where held.repository_id = t.repository_id and held.manifest_digest = t.manifest_digest)
    order by 1`.execute(db);
  for (const { name, digest } of tags.rows) {
    yield hole(name, `points at ${digest}, which the repository does not hold`, false);
  }
}

function hole(subject: string, problem: string, isDeleted: boolean): Breach {
  const level = isDeleted ? 'deleted' : 'broken';
  const remedy = isDeleted
    ? 'nothing, if that was meant; push it again, or delete what refers to it'
    : 'push it again, or delete it; it was lost';
  return { invariant: 'INV2', level, subject, problem, remedy };
}

/** INV6: every image of a namespace that scans by itself has a result, or a scan whose job exists. */
export async function* checkScans(db: Database): AsyncGenerator<Breach> {
  const remedy = 'scan it again in the console, or with POST /api/v1/images/<id>/scan';
  // Scanning by itself may have been switched on after the push; the event says so.
  const unscanned = await sql<{ image: string }>`
    select n.name || '/' || r.name || '@' || held.manifest_digest as image
    from repository_manifest held
    join manifest m on m.digest = held.manifest_digest and m.kind = 'image'
    join repository r on r.id = held.repository_id join namespace n on n.id = r.namespace_id
    where n.auto_scan
      and not exists (select from image_report i where i.manifest_digest = m.digest)
      and not exists (select from image_scan s where s.manifest_digest = m.digest)
      and not exists (select from event e where e.namespace_id = n.id and e.at >= held.pushed_at
        and e.kind in ('namespace.changed', 'policy.changed'))
    order by 1`.execute(db);
  for (const { image: subject } of unscanned.rows) {
    yield { invariant: 'INV6', level: 'broken', subject, problem: 'has neither a scan nor a result', remedy };
  }
  const jobless = await sql<{ digest: string }>`
    select s.manifest_digest as digest from image_scan s
    where s.state = 'queued' and not exists (
      select from graphile_worker.jobs j where j.key = 'scan:' || s.manifest_digest)
    order by 1`.execute(db);
  for (const { digest: subject } of jobless.rows) {
    yield {
      invariant: 'INV6',
      level: 'broken',
      subject,
      problem: 'is queued for a scan without a job',
      remedy,
    };
  }
}

/** INV8: no tag was moved while a rule made it immutable. Rules that changed since prove nothing and are left out. */
export async function* checkImmutableTags(db: Database): AsyncGenerator<Breach> {
  const namespaces = await sql<{ id: number }>`
    select distinct namespace_id as id from immutability_rule where enabled order by 1`.execute(db);
  for (const { id } of namespaces.rows) {
    const rules = await listImmutabilityRules(db, id);
    const moved = await sql<{ name: string; repository: string; tag: string; movedAt: Date }>`
      select n.name || '/' || r.name || ':' || t.name as name, r.name as repository, t.name as tag,
        t.updated_at as "movedAt"
      from tag t join repository r on r.id = t.repository_id join namespace n on n.id = r.namespace_id
      join manifest m on m.digest = t.manifest_digest
      where n.id = ${id} and t.updated_at > t.created_at and m.kind = 'image'
        and not exists (select from event e where e.namespace_id = n.id and e.at >= t.updated_at
          and e.kind like 'immutability-rule.%')
      order by 1`.execute(db);
    for (const { name: subject, repository, tag, movedAt } of moved.rows) {
      const inForce = rules.filter((rule) => rule.createdAt < movedAt);
      if (immutableBy(inForce, { repository, tag }).length === 0) continue;
      const problem = `was moved at ${movedAt.toISOString()}, though it is immutable`;
      const remedy = 'compare it with a copy that you trust, and report how it came about';
      yield { invariant: 'INV8', level: 'broken', subject, problem, remedy };
    }
  }
}
