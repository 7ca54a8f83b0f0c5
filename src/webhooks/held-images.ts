import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { type SeverityOrder, severityOrderOfKey } from '../report/severity-order.ts';

/** An image where it is held. */
export interface HeldImage {
  readonly namespaceId: number;
  readonly namespace: string;
  readonly repositoryId: number;
  readonly repository: string;
  readonly digest: string;
  /** The newest; absent: it has none. */
  readonly tag?: string;
  readonly pushedAt: Date;
  /** Whose rating counts first there; absent: the default order. */
  readonly severityOrder?: SeverityOrder;
}

interface HeldRow extends Omit<HeldImage, 'tag' | 'severityOrder'> {
  readonly tag: string | null;
  readonly severityOrder: string | null;
}

/** Where images are held, in namespaces that ask for differences: by a webhook of theirs, or one of the registry. */
export async function heldWhereAsked(
  db: Database,
  digests: readonly string[],
): Promise<readonly HeldImage[]> {
  const { rows } = await sql<HeldRow>`
    select n.id as "namespaceId", n.name as namespace, r.id as "repositoryId", r.name as repository,
      rm.manifest_digest as digest, rm.pushed_at as "pushedAt",
      n.severity_order as "severityOrder",
      (select t.name from tag t where t.repository_id = r.id and t.manifest_digest = rm.manifest_digest
        order by t.updated_at desc limit 1) as tag
    from repository_manifest rm join repository r on r.id = rm.repository_id join namespace n on n.id = r.namespace_id
    where rm.manifest_digest = any(${digests}::text[]) and exists (
      select from webhook w where w.enabled and 'findings.changed' = any(w.kinds)
        and (w.namespace_id is null or w.namespace_id = n.id))
    order by n.id, r.name, rm.manifest_digest`.execute(db);
  return rows.map(({ tag, severityOrder, ...row }) => ({
    ...row,
    ...(tag === null ? {} : { tag }),
    ...(severityOrder === null ? {} : { severityOrder: severityOrderOfKey(severityOrder) }),
  }));
}

/** As people name it. */
export function nameOf({ namespace, repository, digest, tag }: HeldImage): string {
  return `${namespace}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
}

/**
 * The packages of the image that was pushed to the repository before this one and has a result; others of the same index do
 * not count. Undefined: there is none.
 */
export async function packagesPushedBefore(
  db: Database,
  image: HeldImage,
): Promise<{ readonly digest: string; readonly packed: Buffer } | undefined> {
  const { rows } = await sql<{ digest: string; packed: Buffer }>`
    select rm.manifest_digest as digest, report.package_set as packed
    from repository_manifest rm join image_report report on report.manifest_digest = rm.manifest_digest
    where rm.repository_id = ${image.repositoryId} and rm.manifest_digest <> ${image.digest}
      and rm.pushed_at <= ${image.pushedAt} and report.outcome <> 'unsupported'
      and not exists (
        select from manifest_child own join manifest_child other on other.parent_digest = own.parent_digest
        where own.child_digest = ${image.digest} and other.child_digest = rm.manifest_digest)
    order by rm.pushed_at desc, rm.id desc limit 1`.execute(db);
  return rows[0];
}
