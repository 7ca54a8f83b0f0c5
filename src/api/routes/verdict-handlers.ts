import { reasonsOf } from '../answers/show-verdict.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import { authorizeNamespace } from '../authorize.ts';
import type { HandlersOf } from '../call.ts';
import { badRequest, notFound } from '../errors.ts';
import { findImage } from '../find-image.ts';
import { parseImageName } from '../parse-image-name.ts';

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
