import type { FastifyReply } from 'fastify';
import { findLiveAccount } from '../accounts/live-account.ts';
import { listReferrers, type Referrer } from '../catalog/referrers.ts';
import { listRepositoryNames } from '../catalog/repositories.ts';
import { listTagNames } from '../catalog/tags.ts';
import type { Digest } from '../oci/digest.ts';
import { ociIndexMediaType } from '../oci/media-types.ts';
import { authorize, challengeOf, repositoryUnknown } from './authorize.ts';
import { holderOf } from './credentials.ts';
import type { RegistryCall } from './dependencies.ts';
import { type Refusal, refusals, refuse } from './errors.ts';
import type { FullName } from './parse-path.ts';

/** Most entries of a page (threats.md §1.9). */
const pageEntriesMax = 1_000;
/** The referrers list is a manifest: it has a manifest's size (threats.md C9). */
const referrersPageBytesMax = 4 * 1024 * 1024;

/** Tags in byte order (distribution-spec v1.1 spec.md#listing-tags). */
export async function listTags(call: RegistryCall, name: FullName): Promise<FastifyReply> {
  const { parts, reply, query } = call;
  const access = await authorizePull(call, name);
  if (access.kind === 'refused') return refuse(reply, access);
  if (access.repository === undefined) return refuse(reply, repositoryUnknown(name));
  const limit = readPageSize(query);
  if (typeof limit !== 'number') return refuse(reply, limit);
  const last = readLast(query);
  const { repositoryId } = access.repository;
  const names = await listTagNames(parts.connection.db, { repositoryId, ...last, limit: limit + 1 });
  const tags = names.slice(0, limit);
  linkNext(reply, `/v2/${name.full}/tags/list`, { limit, page: tags, hasMore: names.length > limit });
  return sendJson(reply, { name: name.full, tags });
}

/** Repositories that the caller may see (Docker registry API `_catalog`, not part of the OCI spec). */
export async function listCatalog(call: RegistryCall): Promise<FastifyReply> {
  const { parts, reply, query, credentials } = call;
  if (credentials.kind === 'limited') {
    return refuse(reply, refusals.tooManyRequests(credentials.retryAfterSeconds));
  }
  const mayList =
    credentials.kind === 'password' || (credentials.kind === 'token' && credentials.grant.mayListCatalog);
  const holder = holderOf(credentials);
  const account = holder === undefined ? undefined : await findLiveAccount(parts.connection.db, holder);
  if (!mayList || (holder !== undefined && account === undefined)) {
    const challenge = challengeOf(parts.challenges, { scope: 'registry:catalog:*' });
    return refuse(
      reply,
      refusals.unauthorized('Cannot list the catalog without signing in for it', challenge),
    );
  }
  const limit = readPageSize(query);
  if (typeof limit !== 'number') return refuse(reply, limit);
  const names = await listRepositoryNames(parts.connection.db, {
    visibleTo: account?.isAdmin === true ? 'all' : { accountId: holder?.accountId },
    ...readLast(query),
    limit: limit + 1,
  });
  const repositories = names.slice(0, limit);
  linkNext(reply, '/v2/_catalog', { limit, page: repositories, hasMore: names.length > limit });
  return sendJson(reply, { repositories });
}

/** Manifests of this repository that name the digest as their subject; an unknown one has none (spec.md#listing-referrers). */
export async function getReferrers(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly digest: Digest },
): Promise<FastifyReply> {
  const { parts, reply, query } = call;
  const { name, digest } = asked;
  const access = await authorizePull(call, name);
  if (access.kind === 'refused') return refuse(reply, access);
  const artifactType = query.get('artifactType') ?? undefined;
  const after = Number(query.get('last') ?? '0');
  const found =
    access.repository === undefined
      ? { items: [], hasMore: false }
      : await listReferrers(parts.connection.db, {
          repositoryId: access.repository.repositoryId,
          subject: digest,
          ...(artifactType === undefined ? {} : { artifactType: artifactType.replaceAll('\0', '') }),
          ...(Number.isSafeInteger(after) && after > 0 ? { afterImageId: after } : {}),
          limit: pageEntriesMax,
          sizeBytesMax: referrersPageBytesMax,
        });
  const manifests = withinBytes(found.items.map(asDescriptor));
  const last = found.items[manifests.length - 1];
  if (last !== undefined && (found.hasMore || manifests.length < found.items.length)) {
    const filter = artifactType === undefined ? '' : `&artifactType=${encodeURIComponent(artifactType)}`;
    reply.header('link', `</v2/${name.full}/referrers/${digest}?last=${last.imageId}${filter}>; rel="next"`);
  }
  if (artifactType !== undefined) reply.header('oci-filters-applied', 'artifactType');
  return sendJson(reply, { schemaVersion: 2, mediaType: ociIndexMediaType, manifests }, ociIndexMediaType);
}

async function authorizePull(call: RegistryCall, name: FullName) {
  return await authorize({
    request: call.request,
    credentials: call.credentials,
    name,
    action: 'pull',
    challenges: call.parts.challenges,
    readSituation: call.parts.readSituation,
    denials: call.parts.login.denials,
  });
}

/** The entry of the referrers list (distribution-spec v1.1 spec.md#listing-referrers). */
function asDescriptor({ imageId: _, sizeBytes, ...referrer }: Referrer) {
  return { ...referrer, size: sizeBytes };
}

/** The entries that fit into a page with what stands around them; at least one. */
function withinBytes<Entry>(entries: readonly Entry[]): readonly Entry[] {
  let leftBytes = referrersPageBytesMax - 200;
  const page: Entry[] = [];
  for (const entry of entries) {
    leftBytes -= Buffer.byteLength(JSON.stringify(entry)) + 1;
    if (leftBytes < 0 && page.length > 0) break;
    page.push(entry);
  }
  return page;
}

/** `n`, at most 1,000; absent: 1,000. */
function readPageSize(query: URLSearchParams): number | Refusal {
  const text = query.get('n');
  if (text === null) return pageEntriesMax;
  if (!/^\d{1,30}$/.test(text)) {
    return refusals.parameterInvalid(
      `Cannot list "n=${text.slice(0, 50)}" entries: n must be a whole number from 0`,
    );
  }
  return Math.min(Number(text), pageEntriesMax);
}

function readLast(query: URLSearchParams): { readonly last?: string } {
  const last = query.get('last');
  return last === null || last === '' ? {} : { last: last.replaceAll('\0', '') };
}

function linkNext(
  reply: FastifyReply,
  path: string,
  about: { readonly limit: number; readonly page: readonly string[]; readonly hasMore: boolean },
): void {
  const last = about.page.at(-1);
  if (!about.hasMore || last === undefined) return;
  reply.header('link', `<${path}?n=${about.limit}&last=${encodeURIComponent(last)}>; rel="next"`);
}

function sendJson(reply: FastifyReply, body: unknown, contentType = 'application/json'): FastifyReply {
  return reply
    .header('content-type', contentType)
    .header('cache-control', 'private, no-store')
    .send(Buffer.from(JSON.stringify(body))); // a Buffer: Fastify adds a charset to JSON text
}
