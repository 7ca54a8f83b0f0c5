import { recordEvent } from '../accounts/events.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryRef, Requester } from '../registry/guards.ts';
import { type AttachDocument, type AttachResult, fullNameOf } from '../registry/manifests/attach-document.ts';
import { completenessInWords, completenessOf } from '../report/sbom/completeness.ts';
import type { DescribedImage } from '../report/sbom/described-image.ts';
import type { SbomFormatName } from '../report/sbom/sbom-format-names.ts';
import { sbomFormats } from '../report/sbom/sbom-formats.ts';
import {
  type DescribeParts,
  type Description,
  describeImage,
  documentMaker,
} from './answers/describe-image.ts';

/** An image and the document that is to be kept beside it. */
export interface SbomAttachment {
  readonly requester: Requester;
  readonly repository: RepositoryRef;
  /** Of the image; an index has no bill of materials of its own. */
  readonly digest: Digest;
  readonly format: SbomFormatName;
}

export type AttachedSbomResult =
  | (Extract<AttachResult, { kind: 'attached' }> & {
      readonly artifactType: string;
      /** Why packages may be missing from it, in sentences; absent: no reason is known. */
      readonly warning?: string;
    })
  | Exclude<AttachResult, { kind: 'attached' }>
  | Exclude<Description, { kind: 'described' }>;

/**
 * Pushes the bill of materials of an image, by its last scan, as a referrer of it; that something was attached is an event.
 * The same scan's result again changes nothing. Rights are for the caller to ask about.
 */
export async function attachSbom(
  parts: DescribeParts & {
    readonly attachDocument: AttachDocument;
    /** Of this program. */
    readonly version: string;
  },
  { requester, repository, digest: subject, format }: SbomAttachment,
): Promise<AttachedSbomResult> {
  const { mediaType, write } = sbomFormats[format];
  const { repositoryId, namespaceId } = repository;
  // Tags move and registries are copied: what stays with the image names neither.
  const asked = { digest: subject, repositoryId, name: fullNameOf(repository), tags: [] };
  const description = await describeImage(parts, asked);
  if (description.kind !== 'described') return description;
  const { image } = description;
  const result = await parts.attachDocument({
    requester,
    repository,
    subject,
    content: Buffer.from(JSON.stringify(write(image, documentMaker(parts.version)))),
    mediaType,
    annotations: annotationsOf(image, format),
    onAdded: async (transaction, { digest }) => {
      const { name: actor, client } = requester;
      const details = { format, digest };
      const event = { namespaceId, actor, client, subject: `${repository.repository}@${subject}`, details };
      await recordEvent(transaction, { kind: 'sbom.attached', ...event });
    },
  });
  if (result.kind !== 'attached') return result;
  const warning = completenessInWords(completenessOf(image));
  return { ...result, artifactType: mediaType, ...(warning === undefined ? {} : { warning }) };
}

/** Of the scan, so that attaching the same result again makes the same manifest. */
function annotationsOf(image: DescribedImage, format: SbomFormatName): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.created': image.inspectedAt.toISOString(),
    'org.opencontainers.image.title': `${image.name.replaceAll('/', '-')}${sbomFormats[format].fileSuffix}`,
  };
}
