import { readImageRows } from '../../lists/image-list.ts';
import { overQuotaInWords } from '../../registry/admit-bytes.ts';
import type { RepositoryRef } from '../../registry/guards.ts';
import type { DescribedImage } from '../../report/sbom/described-image.ts';
import type { SbomFormatName } from '../../report/sbom/sbom-format-names.ts';
import { sbomFormats } from '../../report/sbom/sbom-formats.ts';
import { readImageContent } from '../../scan/image-content.ts';
import { describeImage, documentMaker, type ImageToDescribe } from '../answers/describe-image.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import type { ImageScope, NamespaceScope } from '../authorize.ts';
import type { HandlersOf } from '../call.ts';
import { conflict, notFound } from '../errors.ts';
import { clientOf, recordChange } from '../record-change.ts';

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
      const { attachDocument } = dependencies;
      const { mediaType, write } = sbomFormats[body.format];
      // Tags move and registries are copied: what stays with the image names neither.
      const described = await describe(dependencies, call, { tags: [] });
      const repository: RepositoryRef = {
        namespaceId: namespace.id,
        namespace: namespace.name,
        repositoryId: image.repositoryId,
        repository: image.repository,
      };
      const { name, accountId } = caller.principal;
      const result = await attachDocument({
        requester: { name, accountId, client: clientOf(request) },
        repository,
        subject: image.digest,
        content: Buffer.from(JSON.stringify(write(described, maker))),
        mediaType,
        annotations: annotationsOf(described, body.format),
        onStored: async (transaction, { digest }) => {
          const subject = `${image.repository}@${image.digest}`;
          const details = { format: body.format, digest };
          await recordChange(transaction, call, { kind: 'sbom.attached', subject, details });
        },
      });
      const subject = `${namespace.name}/${image.repository}`;
      switch (result.kind) {
        case 'attached': {
          const { imageId, digest } = result;
          return { imageId, digest, artifactType: mediaType, subject: image.digest };
        }
        case 'over-quota':
          throw conflict(overQuotaInWords({ namespace: namespace.name, subject, over: result }));
        case 'too-large':
          throw conflict(
            `Cannot attach the SBOM of image ${image.id}: it must have at most ${result.sizeBytesMax} bytes, got ${result.sizeBytes}; download it instead`,
          );
        case 'gone':
          throw notFound(`Cannot find image ${image.id} in "${subject}": it has just been deleted`);
      }
    },
  };
}

/** Throws 409, saying what to do, for an index and for what no scan has read. */
async function describe(
  dependencies: ApiDependencies,
  { image, namespace }: ScopedImage,
  naming: Pick<ImageToDescribe, 'registry' | 'tags'>,
): Promise<DescribedImage> {
  const { digest, repositoryId, repository, id } = image;
  if (image.kind === 'index') throw await refuseIndex(dependencies, image);
  const name = `${namespace.name}/${repository}`;
  const description = await describeImage(dependencies, { digest, repositoryId, name, ...naming });
  switch (description.kind) {
    case 'described':
      return description.image;
    case 'never-scanned':
      throw conflict(
        `Cannot make an SBOM of image ${id}: a scan of it must have ended, got none; scan it with POST /api/v1/images/${id}/scan`,
      );
    case 'unsupported':
      throw conflict(`Cannot make an SBOM of image ${id}: it must hold files, but ${description.reason}`);
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

/** Of the scan, so that attaching the same result again makes the same manifest. */
function annotationsOf(described: DescribedImage, format: SbomFormatName): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.created': described.inspectedAt.toISOString(),
    'org.opencontainers.image.title': `${described.name.replaceAll('/', '-')}${sbomFormats[format].fileSuffix}`,
  };
}

const digestLengthShown = 12;

function fileNameOf({ image, namespace }: ScopedImage): string {
  const [, hex = ''] = image.digest.split(':');
  return `${namespace.name}-${image.repository.replaceAll('/', '-')}-${hex.slice(0, digestLengthShown)}`;
}
