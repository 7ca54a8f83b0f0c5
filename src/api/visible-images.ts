import { readGrant } from '../accounts/namespace-grant.ts';
import type { Right } from '../accounts/rights.ts';
import { parseRole, rightsIn } from '../accounts/rights.ts';
import type { Database } from '../database/database.ts';
import type { ImageListFilter } from '../lists/image-list.ts';
import { type HolderScope, readImageSample } from '../lists/image-sample.ts';
import { type HeldPackages, heldIn } from '../lists/package-holders.ts';
import { meantPackages, type Search } from '../lists/search-packages.ts';
import type { Caller } from './caller.ts';
import type { ImageFilter } from './contract/image.ts';
import { notFound } from './errors.ts';
import { readSearch } from './read-search.ts';

/**
 * The filter of a request, limited to namespaces in which the caller has a right. Throws 404 for a named namespace that
 * the caller may not see; one where only the right is missing has no images then.
 */
export async function visibleImages(
  db: Database,
  asked: { readonly caller: Caller; readonly filter: Omit<ImageFilter, 'verdict'>; readonly right: Right },
): Promise<ImageListFilter> {
  const { caller, filter, right } = asked;
  const { namespace, repository, q, kind, state, severity, malware, secrets } = filter;
  const namespaceIds = await namespacesWith(db, { caller, namespace, right });
  const { holds, ecosystem, incomparable } = filter;
  const scope = namespaceIds === undefined ? {} : { namespaceIds };
  return {
    ...scope,
    ...(repository === undefined ? {} : { repository }),
    ...(q === undefined ? {} : { search: q }),
    ...(kind === undefined ? {} : { kind }),
    ...(state === undefined ? {} : { state }),
    ...(severity === undefined ? {} : { severity }),
    ...(malware === undefined ? {} : { malware }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(holds === undefined
      ? {}
      : { holds: await heldPackages(db, scope, { search: readSearch(holds), ecosystem, incomparable }) }),
  };
}

async function heldPackages(
  db: Database,
  scope: HolderScope,
  asked: {
    readonly search: Search;
    readonly ecosystem: string | undefined;
    readonly incomparable: boolean | undefined;
  },
): Promise<HeldPackages> {
  const [sample, meant] = await Promise.all([
    readImageSample(db, scope),
    meantPackages(db, asked.search, asked.ecosystem),
  ]);
  return heldIn(sample, asked.incomparable === true ? meant.incomparable : meant.within);
}

/** Ids of the namespaces where the caller has the right; undefined: in all. */
export async function namespacesWith(
  db: Database,
  asked: { readonly caller: Caller; readonly namespace?: string | undefined; readonly right: Right },
): Promise<readonly number[] | undefined> {
  const { caller, namespace, right } = asked;
  const { principal } = caller;
  if (namespace !== undefined) {
    const grant = await readGrant(db, { principal, namespace });
    if (grant === undefined || !grant.rights.has('read')) {
      throw notFound(
        `Cannot find namespace "${namespace}": it does not exist, or your account is not a member`,
      );
    }
    return grant.rights.has(right) ? [grant.namespaceId] : [];
  }
  if (principal.isAdmin) return undefined;
  const rows = await db
    .selectFrom('namespace')
    .leftJoin('namespace_standing', (join) =>
      join
        .onRef('namespace_standing.namespace_id', '=', 'namespace.id')
        .on('namespace_standing.account_id', '=', principal.accountId),
    )
    .select(['namespace.id', 'namespace.is_public', 'namespace_standing.role'])
    .where((eb) =>
      eb.or([eb('namespace.is_public', '=', true), eb('namespace_standing.role', 'is not', null)]),
    )
    .execute();
  return rows
    .filter(({ is_public: isPublic, role }) => {
      const parsed = parseRole(role);
      return rightsIn({ principal, isPublic, ...(parsed === undefined ? {} : { role: parsed }) }).has(right);
    })
    .map(({ id }) => id);
}
