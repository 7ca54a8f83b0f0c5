import { readGrant } from '../accounts/namespace-grant.ts';
import { leastRoleWith, type Right, type Role } from '../accounts/rights.ts';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespaceName, RepositoryName } from '../oci/names.ts';
import type { Caller } from './caller.ts';
import { forbidden, notFound } from './errors.ts';

/** A namespace that the caller may see. */
export interface NamespaceScope {
  readonly id: number;
  readonly name: NamespaceName;
  /** `admin` for a system admin, `guest` for whoever is no member of a public one. */
  readonly role: Role;
  readonly rights: ReadonlySet<Right>;
}

/** An image of a namespace that the caller may see. */
export interface ImageScope {
  readonly id: number;
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'artifact';
  readonly repositoryId: number;
  readonly repository: RepositoryName;
}

/**
 * The namespace of that name with the caller's rights in it. Throws 404 when there is none or the caller may not see
 * it, both with the same words, and 403 when a right is missing in one that they see (threats.md A1).
 */
export async function authorizeNamespace(
  db: Database,
  asked: { readonly caller: Caller; readonly namespace: string; readonly right: Right },
): Promise<NamespaceScope> {
  const { caller, namespace, right } = asked;
  const grant = await readGrant(db, { principal: caller.principal, namespace });
  if (grant === undefined || !grant.rights.has('read')) {
    throw notFound(
      `Cannot find namespace "${namespace}": it does not exist, or your account is not a member`,
    );
  }
  if (!grant.rights.has(right)) {
    throw forbidden(
      `Cannot ${right} in namespace "${namespace}": it needs the role ${leastRoleWith(right)}, got ${grant.role ?? 'none'}`,
      { right, role: grant.role ?? null },
    );
  }
  return {
    id: grant.namespaceId,
    name: grant.namespace as NamespaceName, // only parsed names are stored
    role: grant.role ?? (caller.principal.isAdmin ? 'admin' : 'guest'),
    rights: grant.rights,
  };
}

/** The image of that id, by the rights in its namespace; throws as `authorizeNamespace()`. */
export async function authorizeImage(
  db: Database,
  asked: { readonly caller: Caller; readonly id: number; readonly right: Right },
): Promise<{ readonly image: ImageScope; readonly namespace: NamespaceScope }> {
  const row = await db
    .selectFrom('repository_manifest as held')
    .innerJoin('repository', 'repository.id', 'held.repository_id')
    .innerJoin('namespace', 'namespace.id', 'repository.namespace_id')
    .innerJoin('manifest', 'manifest.digest', 'held.manifest_digest')
    .select(['held.id', 'manifest.digest', 'manifest.kind', 'repository.id as repositoryId'])
    .select(['repository.name as repository', 'namespace.name as namespace'])
    .where('held.id', '=', asked.id)
    .executeTakeFirst();
  const unknown = () =>
    notFound(`Cannot find image ${asked.id}: it does not exist, or your account may not see it`);
  if (row === undefined) throw unknown();
  const grant = await readGrant(db, { principal: asked.caller.principal, namespace: row.namespace });
  if (grant === undefined || !grant.rights.has('read')) throw unknown();
  const namespace = await authorizeNamespace(db, { ...asked, namespace: row.namespace });
  const image = {
    id: row.id,
    digest: row.digest as Digest, // the keys of `manifest` were parsed when they were written
    kind: row.kind as ImageScope['kind'], // the column's check constraint
    repositoryId: row.repositoryId,
    repository: row.repository as RepositoryName, // only parsed names are stored
  };
  return { image, namespace };
}

/** Throws 403 for everybody but system admins. */
export function authorizeAdmin(caller: Caller): void {
  if (!caller.principal.isAdmin) throw forbidden('Cannot do this: it needs a system admin');
}
