import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import { authorizeNamespace } from '../authorize.ts';
import type { HandlersOf } from '../call.ts';
import { badRequest, notFound } from '../errors.ts';
import { type ImageName, parseImageName } from '../parse-image-name.ts';
import { reasonsOf } from '../show-verdict.ts';

export function verdictHandlers(dependencies: ApiDependencies): HandlersOf<'getVerdict'> {
  const { db, verdicts } = dependencies;
  return {
    getVerdict: async ({ query, caller, signal, request }) => {
      const name = parseImageName(query.image);
      if (name === undefined) {
        throw badRequest(
          `Cannot read image "${query.image}": it must be namespace/repository:tag or namespace/repository@sha256:…`,
        );
      }
      const namespace = await authorizeNamespace(db, { caller, namespace: name.namespace, right: 'read' });
      const image = await findImage(db, name);
      if (image === undefined)
        throw notFound(`Cannot find image "${query.image}": the repository has none of that name`);
      const judged = { namespaceId: namespace.id, repository: name.repository, digest: image.digest };
      const verdict = await verdicts.verdictAfter(judged, { waitMs: (query.wait ?? 0) * 1000, signal });
      return {
        verdict: verdict.kind,
        reasons: [...reasonsOf(verdict)],
        exempted: verdict.exempted,
        digest: image.digest,
        reportUrl: `${externalUrlOf(dependencies, request)}/images/${image.id}`,
      };
    },
  };
}

async function findImage(
  db: Database,
  { namespace, repository, reference }: ImageName,
): Promise<{ readonly id: number; readonly digest: Digest } | undefined> {
  const inRepository = db
    .selectFrom('repository_manifest as held')
    .innerJoin('repository', 'repository.id', 'held.repository_id')
    .innerJoin('namespace', 'namespace.id', 'repository.namespace_id')
    .where('namespace.name', '=', namespace)
    .where('repository.name', '=', repository)
    .select(['held.id', 'held.manifest_digest as digest']);
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
  return { id: row.id, digest: row.digest as Digest }; // the keys of `manifest` were parsed when they were written
}
