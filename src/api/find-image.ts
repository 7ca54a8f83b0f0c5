import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageName } from './parse-image-name.ts';

/** An image, index or artifact of a repository. */
export interface FoundImage {
  readonly id: number;
  /** sha256, also when it was named by its sha512. */
  readonly digest: Digest;
  readonly repositoryId: number;
}

/** What a name stands for now; rights are for the caller to ask about. */
export async function findImage(
  db: Database,
  { namespace, repository, reference }: ImageName,
): Promise<FoundImage | undefined> {
  const inRepository = db
    .selectFrom('repository_manifest as held')
    .innerJoin('repository', 'repository.id', 'held.repository_id')
    .innerJoin('namespace', 'namespace.id', 'repository.namespace_id')
    .where('namespace.name', '=', namespace)
    .where('repository.name', '=', repository)
    .select(['held.id', 'held.manifest_digest as digest', 'repository.id as repositoryId']);
  const row =
    reference.kind === 'digest'
      ? await inRepository
          .innerJoin('manifest', 'manifest.digest', 'held.manifest_digest')
          .where((eb) =>
            eb.or([
              eb('manifest.digest', '=', reference.digest),
              eb('manifest.digest_sha512', '=', reference.digest),
            ]),
          )
          .executeTakeFirst()
      : await inRepository
          .innerJoin('tag', (join) =>
            join
              .onRef('tag.repository_id', '=', 'held.repository_id')
              .onRef('tag.manifest_digest', '=', 'held.manifest_digest'),
          )
          .where('tag.name', '=', reference.tag)
          .executeTakeFirst();
  if (row === undefined) return undefined;
  // The keys of `manifest` were parsed when they were written.
  return { ...row, digest: row.digest as Digest };
}
