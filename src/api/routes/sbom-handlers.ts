import { readImageRows } from '../../lists/image-list.ts';
import { overQuotaInWords } from '../../registry/admit-bytes.ts';
import type { DescribedImage } from '../../report/sbom/described-image.ts';
import { sbomFormats } from '../../report/sbom/sbom-formats.ts';
import { readImageContent } from '../../scan/image-content.ts';
import {
  type Description,
  describeImage,
  documentMaker,
  type ImageToDescribe,
} from '../answers/describe-image.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import { attachSbom } from '../attach-sbom.ts';
import type { ImageScope, NamespaceScope } from '../authorize.ts';
import type { HandlersOf } from '../call.ts';
import { conflict, notFound } from '../errors.ts';
import { clientOf } from '../record-change.ts';

interface ScopedImage {
  readonly image: ImageScope;
  readonly namespace: NamespaceScope;
}

export function sbomHandlers(dependencies: ApiDependencies): HandlersOf<'getSbom' | 'attachSbom'> {
  const maker = documentMaker(dependencies.version);
  return {
    getSbom: async ({ image, namespace, query, request, reply }) => {
      const { contentType, fileSuffix, write } = sbomFormats[query.format ?? 'cyclonedx'];
      const [row] = await readImageRows(dependencies.db, [image.id]);
      const registry = new URL(externalUrlOf(dependencies, request)).host;
      const scope = { image, namespace };
      const described = await describe(dependencies, scope, { registry, tags: row?.tags ?? [] });
      reply
        .type(contentType)
        .header('content-disposition', `attachment; filename="${fileNameOf(scope)}${fileSuffix}"`);
      return write(described, maker);
    },

    attachSbom: async (call) => {
      const { image, namespace, body, caller, request } = call;
      if (image.kind === 'index') throw await refuseIndex(dependencies, image);
      const { repositoryId, repository, digest: subject } = image;
      const { name, accountId } = caller.principal;
      const result = await attachSbom(dependencies, {
        requester: { name, accountId, client: clientOf(request) },
        repository: { namespaceId: namespace.id, namespace: namespace.name, repositoryId, repository },
        digest: subject,
        format: body.format,
      });
      switch (result.kind) {
        case 'attached': {
          const { imageId, digest, artifactType, isNew } = result;
          return { imageId, digest, artifactType, subject, isNew };
        }
        case 'over-quota':
          throw conflict(
            overQuotaInWords({ namespace: namespace.name, subject: nameOf(call), over: result }),
          );
        case 'too-large':
          throw conflict(
            `Cannot attach the SBOM of image ${image.id}: it must have at most ${result.sizeBytesMax} bytes, got ${result.sizeBytes}; download it instead`,
          );
        case 'gone':
          throw notFound(`Cannot find image ${image.id} in "${nameOf(call)}": it has just been deleted`);
        default:
          throw refuseUndescribed(image, result);
      }
    },
  };
}

function nameOf({ image, namespace }: ScopedImage): string {
  return `${namespace.name}/${image.repository}`;
}

/** Throws 409, saying what to do, for an index and for what no scan has read. */
async function describe(
  dependencies: ApiDependencies,
  scope: ScopedImage,
  naming: Pick<ImageToDescribe, 'registry' | 'tags'>,
): Promise<DescribedImage> {
  const { image } = scope;
  const { digest, repositoryId } = image;
  if (image.kind === 'index') throw await refuseIndex(dependencies, image);
  const asked = { digest, repositoryId, name: nameOf(scope), ...naming };
  const description = await describeImage(dependencies, asked);
  if (description.kind === 'described') return description.image;
  throw refuseUndescribed(image, description);
}

function refuseUndescribed(
  { id }: ImageScope,
  description: Exclude<Description, { kind: 'described' }>,
): Error {
  switch (description.kind) {
    case 'never-scanned':
      return conflict(
        `Cannot make an SBOM of image ${id}: a scan of it must have ended, got none; scan it with POST /api/v1/images/${id}/scan`,
      );
    case 'unsupported':
      return conflict(`Cannot make an SBOM of image ${id}: it must hold files, but ${description.reason}`);
  }
}

const childrenNamedMax = 20;

async function refuseIndex({ db }: ApiDependencies, image: ImageScope): Promise<Error> {
  const { children, childCount } = await readImageContent(db, image);
  const images = children.map(({ imageId, digest, platform }) => ({
    imageId: imageId ?? null,
    digest,
    platform: platform ?? null,
  }));
  const named = images.slice(0, childrenNamedMax).map(({ imageId, digest, platform }) => {
    const name = platform === null ? digest : `${platform.os}/${platform.architecture}`;
    return imageId === null ? `${name} (not stored here)` : `${name}: image ${imageId}`;
  });
  const others = childCount - named.length;
  return conflict(
    `Cannot make an SBOM of image ${image.id}: it must be one image, got an index; ask for that of ${named.join(', ')}${others > 0 ? ` and ${others} others` : ''}`,
    { images },
  );
}

const digestLengthShown = 12;

function fileNameOf({ image, namespace }: ScopedImage): string {
  const [, hex = ''] = image.digest.split(':');
  return `${namespace.name}-${image.repository.replaceAll('/', '-')}-${hex.slice(0, digestLengthShown)}`;
}
