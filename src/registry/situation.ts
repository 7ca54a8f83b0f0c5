import { parseRole, type Role } from '../accounts/rights.ts';
import type { DatabaseConnection } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespaceName, RepositoryName, Tag } from '../oci/names.ts';
import { Batcher } from './batcher.ts';

/** What a request is about: who asks for what. */
export interface SituationKey {
  readonly accountId?: number;
  /** The access secret that the account proved itself with. */
  readonly secretId?: number;
  readonly namespace: NamespaceName;
  readonly repository: RepositoryName;
  readonly tag?: Tag;
  readonly manifestDigest?: Digest;
  readonly blobDigest?: Digest;
}

/** What the database says about it, all at one moment. */
export interface Situation {
  /** Absent: the account of the key is unknown or disabled, its secret revoked or expired, or the key names none. */
  readonly account?: { readonly id: number; readonly name: string; readonly isAdmin: boolean };
  /** Absent: there is no namespace of that name. */
  readonly namespace?: {
    readonly id: number;
    readonly isPublic: boolean;
    readonly role?: Role;
    readonly quotaBytes?: number;
  };
  readonly repositoryId?: number;
  /** Absent unless the repository holds what the tag or digest of the key names. */
  readonly manifest?: {
    /** sha256, also when asked for by sha512. */
    readonly digest: Digest;
    /** sha512 when the tag of the key was pushed with that digest; absent otherwise. */
    readonly tagDigest?: Digest;
    readonly mediaType: string;
    readonly sizeBytes: number;
  };
  /** Absent unless the repository holds it. */
  readonly blob?: {
    /** sha256, also when asked for by sha512. */
    readonly digest: Digest;
    readonly sizeBytes: number;
    readonly storageKey: string;
  };
}

export type ReadSituation = (key: SituationKey) => Promise<Situation>;

const keysPerQueryMax = 100;
const queriesAtOnceMax = 2;

const text = `
select a.id as account_id, a.name as account_name, a.is_admin, n.id as namespace_id, n.is_public, n.quota_bytes, stronger_role(member.role, a.everywhere_role) as role,
  r.id as repository_id, m.digest,
  case t.digest_algorithm when 'sha512' then m.digest_sha512 end as tag_digest, m.media_type, m.size_bytes as manifest_size, b.digest as blob_digest, b.size_bytes as blob_size, b.storage_key
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
  $7::bigint[]) with ordinality
  as q (account_id, namespace, repository, tag, manifest_digest, blob_digest, secret_id, position)
left join access_secret s on s.id = q.secret_id and s.account_id = q.account_id
  and coalesce(s.expires_at > now(), true)
left join account a on a.id = q.account_id and a.disabled_at is null
  and (q.secret_id is null or s.id is not null)
left join namespace n on n.name = q.namespace
left join namespace_member member on member.namespace_id = n.id and member.account_id = a.id
left join repository r on r.namespace_id = n.id and r.name = q.repository
left join tag t on t.repository_id = r.id and t.name = q.tag
left join manifest alias on alias.digest_sha512 = q.manifest_digest
left join repository_manifest held on held.repository_id = r.id
  and held.manifest_digest = coalesce(t.manifest_digest, alias.digest, q.manifest_digest)
left join manifest m on m.digest = held.manifest_digest
left join blob twin on starts_with(q.blob_digest, 'sha512:') and twin.digest_sha512 = q.blob_digest
left join repository_blob linked on linked.repository_id = r.id
  and linked.digest = coalesce(twin.digest, q.blob_digest)
left join blob b on b.digest = linked.digest and b.state = 'stored'
order by q.position`;

interface Row {
  readonly account_id: number | null;
  readonly account_name: string | null;
  readonly is_admin: boolean | null;
  readonly namespace_id: number | null;
  readonly is_public: boolean | null;
  readonly quota_bytes: number | null;
  readonly role: string | null;
  readonly repository_id: number | null;
  readonly digest: string | null;
  readonly tag_digest: string | null;
  readonly media_type: string | null;
  readonly manifest_size: number | null;
  readonly blob_digest: string | null;
  readonly blob_size: number | null;
  readonly storage_key: string | null;
}

/**
 * Returns the lookup that every request begins with: account, rights, visibility and tag in one prepared statement,
 * shared by the requests that arrive together. Nothing is cached: a revoked right or a moved tag counts at once.
 */
export function situationReader({ pool, turns }: Pick<DatabaseConnection, 'pool' | 'turns'>): ReadSituation {
  const batcher = new Batcher<SituationKey, Situation>({
    keysPerQueryMax,
    queriesAtOnceMax,
    turns,
    load: async (keys) => {
      const { places, distinct } = withoutRepeats(keys);
      const { rows } = await pool.query<Row>({
        name: 'registry-situation',
        text,
        values: [
          distinct.map((key) => key.accountId ?? null),
          distinct.map((key) => key.namespace),
          distinct.map((key) => key.repository),
          distinct.map((key) => key.tag ?? null),
          distinct.map((key) => key.manifestDigest ?? null),
          distinct.map((key) => key.blobDigest ?? null),
          distinct.map((key) => key.secretId ?? null),
        ],
      });
      const situations = rows.map(asSituation);
      return places.map((place) => situations[place] ?? {});
    },
  });
  return (key) => batcher.get(key);
}

/** The distinct keys, and for each key its place among them: many clients pull the same image. */
function withoutRepeats(keys: readonly SituationKey[]): {
  readonly places: readonly number[];
  readonly distinct: readonly SituationKey[];
} {
  const known = new Map<string, number>();
  const distinct: SituationKey[] = [];
  const places = keys.map((key) => {
    const { accountId, secretId, namespace, repository, tag, manifestDigest, blobDigest } = key;
    const name = `${accountId} ${secretId} ${namespace} ${repository} ${tag} ${manifestDigest} ${blobDigest}`;
    const place = known.get(name) ?? distinct.push(key) - 1;
    known.set(name, place);
    return place;
  });
  return { places, distinct };
}

function asSituation(row: Row): Situation {
  const role = parseRole(row.role);
  return {
    ...(row.account_id === null
      ? {}
      : {
          account: { id: row.account_id, name: row.account_name ?? '', isAdmin: row.is_admin === true },
        }),
    ...(row.namespace_id === null
      ? {}
      : {
          namespace: {
            id: row.namespace_id,
            isPublic: row.is_public === true,
            ...(role === undefined ? {} : { role }),
            ...(row.quota_bytes === null ? {} : { quotaBytes: row.quota_bytes }),
          },
        }),
    ...(row.repository_id === null ? {} : { repositoryId: row.repository_id }),
    ...(row.digest === null || row.media_type === null
      ? {}
      : {
          manifest: {
            digest: row.digest as Digest, // only parsed digests are written
            ...(row.tag_digest === null ? {} : { tagDigest: row.tag_digest as Digest }), // likewise
            mediaType: row.media_type,
            sizeBytes: row.manifest_size ?? 0,
          },
        }),
    ...(row.storage_key === null || row.blob_digest === null
      ? {}
      : {
          blob: {
            digest: row.blob_digest as Digest, // only parsed digests are written
            sizeBytes: row.blob_size ?? 0,
            storageKey: row.storage_key,
          },
        }),
  };
}
