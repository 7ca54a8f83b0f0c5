import type { Database } from '../database/database.ts';
import { type Principal, parseRole, type Right, type Role, rightsIn } from './rights.ts';

/** What one principal may do in one namespace, as the database says now. */
export interface NamespaceGrant {
  readonly namespaceId: number;
  readonly namespace: string;
  readonly isPublic: boolean;
  /** Absent when the principal is no member. */
  readonly role?: Role;
  readonly rights: ReadonlySet<Right>;
}

/** Undefined when there is no namespace of that name. One without the right `read` must look the same to the caller. */
export async function readGrant(
  db: Database,
  asked: { readonly principal: Principal; readonly namespace: string },
): Promise<NamespaceGrant | undefined> {
  return (await readGrants(db, { principal: asked.principal, namespaces: [asked.namespace] }))[0];
}

/** The grants in those of the named namespaces that exist, in one query. */
export async function readGrants(
  db: Database,
  asked: { readonly principal: Principal; readonly namespaces: readonly string[] },
): Promise<readonly NamespaceGrant[]> {
  if (asked.namespaces.length === 0) return [];
  const accountId = asked.principal.kind === 'account' ? asked.principal.accountId : null;
  const rows = await db
    .selectFrom('namespace')
    .leftJoin('namespace_standing', (join) =>
      join
        .onRef('namespace_standing.namespace_id', '=', 'namespace.id')
        .on('namespace_standing.account_id', '=', accountId),
    )
    .where('namespace.name', 'in', [...asked.namespaces])
    .select(['namespace.id', 'namespace.name', 'namespace.is_public', 'namespace_standing.role'])
    .execute();
  return rows.map((row) => {
    const role = parseRole(row.role);
    const known = { isPublic: row.is_public, ...(role === undefined ? {} : { role }) };
    return {
      namespaceId: row.id,
      namespace: row.name,
      ...known,
      rights: rightsIn({ principal: asked.principal, ...known }),
    };
  });
}
