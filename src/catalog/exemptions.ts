import type { Database } from '../database/database.ts';

/** An entry of a namespace's allowlist as stored; the shape that policy/ judges with. */
export interface StoredExemption {
  readonly id: number;
  /** Upper case. */
  readonly vulnerabilityId: string;
  /** Absent: every repository of the namespace. */
  readonly repositoryPattern?: string;
  /** Absent: every image. */
  readonly digest?: string;
  /** Absent: every package. */
  readonly packageName?: string;
  /** Absent: every path; only secrets and malware have one. */
  readonly pathPattern?: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** Absent: never. */
  readonly expiresAt?: Date;
}

export interface NewExemptions {
  readonly namespaceId: number;
  /** Upper case; one entry is made for each. */
  readonly vulnerabilityIds: readonly string[];
  readonly repositoryPattern?: string;
  readonly digest?: string;
  readonly packageName?: string;
  readonly pathPattern?: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly expiresAt?: Date;
}

/** Adds one entry per id, all or none, and returns them in the order of the ids. */
export async function createExemptions(
  db: Database,
  wanted: NewExemptions,
): Promise<readonly StoredExemption[]> {
  if (wanted.vulnerabilityIds.length === 0) return [];
  const rows = await db
    .insertInto('exemption')
    .values(
      wanted.vulnerabilityIds.map((vulnerabilityId) => ({
        namespace_id: wanted.namespaceId,
        vulnerability_id: vulnerabilityId,
        repository_pattern: wanted.repositoryPattern ?? null,
        manifest_digest: wanted.digest ?? null,
        package_name: wanted.packageName ?? null,
        path_pattern: wanted.pathPattern ?? null,
        reason: wanted.reason,
        created_by: wanted.createdBy,
        expires_at: wanted.expiresAt ?? null,
      })),
    )
    .returningAll()
    .execute();
  return rows.map(asExemption);
}

/** All entries of a namespace, expired ones too, newest first: the caller's clock decides which still count. */
export async function listExemptions(db: Database, namespaceId: number): Promise<readonly StoredExemption[]> {
  const rows = await db
    .selectFrom('exemption')
    .selectAll()
    .where('namespace_id', '=', namespaceId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(asExemption);
}

/** Returns what was deleted, or undefined when the namespace has no entry of that id. */
export async function deleteExemption(
  db: Database,
  entry: { readonly namespaceId: number; readonly id: number },
): Promise<StoredExemption | undefined> {
  const row = await db
    .deleteFrom('exemption')
    .where('namespace_id', '=', entry.namespaceId)
    .where('id', '=', entry.id)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : asExemption(row);
}

function asExemption(row: {
  readonly id: number;
  readonly vulnerability_id: string;
  readonly repository_pattern: string | null;
  readonly manifest_digest: string | null;
  readonly package_name: string | null;
  readonly path_pattern: string | null;
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
}): StoredExemption {
  return {
    id: row.id,
    vulnerabilityId: row.vulnerability_id,
    ...(row.repository_pattern === null ? {} : { repositoryPattern: row.repository_pattern }),
    ...(row.manifest_digest === null ? {} : { digest: row.manifest_digest }),
    ...(row.package_name === null ? {} : { packageName: row.package_name }),
    ...(row.path_pattern === null ? {} : { pathPattern: row.path_pattern }),
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
}
