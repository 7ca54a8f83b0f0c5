import type { DescribeParts, Description } from '../../api/answers/describe-image.ts';
import { findImage } from '../../api/find-image.ts';
import type { ImageName } from '../../api/parse-image-name.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { readImageContent } from '../../scan/image-content.ts';
import { InternedPackages } from '../../scan/reports/interned-packages.ts';
import type { Installation } from '../installation.ts';
import { StartError } from '../start-error.ts';
import { blobBytes, openBlobStore } from '../wiring/wire-blobs.ts';
import { choosePlatform } from './scan-target.ts';

/** An image of this registry that a command names. */
export interface StoredImage {
  readonly id: number;
  readonly digest: Digest;
  readonly repositoryId: number;
}

/** The image of that name; of an index the one of the platform. Throws `StartError` and `PlatformMissingError`. */
export async function chooseStoredImage(asked: {
  readonly installation: Installation;
  readonly name: ImageName;
  /** What the user wrote, for messages. */
  readonly target: string;
  readonly platform?: string;
}): Promise<StoredImage> {
  const { installation, name, target, platform: wanted } = asked;
  const { db } = installation.connection;
  const found = await findImage(db, name);
  if (found === undefined)
    throw new StartError(
      `Cannot make an SBOM of "${target}": it must be stored here, got no image of that name`,
    );
  const { children } = await readImageContent(db, found);
  if (children.length === 0) return found;
  const images = children.flatMap(({ imageId, digest, platform }) => {
    const parsed = parseDigest(digest);
    return imageId === undefined || platform === undefined || parsed === undefined
      ? []
      : [{ id: imageId, digest: parsed, platform }];
  });
  const { id, digest } = choosePlatform(images, wanted);
  return { id, digest, repositoryId: found.repositoryId };
}

/** An image's config is JSON of some kilobytes; what is larger tells no platform. */
const configSizeBytesMax = 4 * 1024 * 1024;

export async function describeParts({ config, connection }: Installation): Promise<DescribeParts> {
  const { db } = connection;
  const blobs = blobBytes(db, await openBlobStore(config));
  const readConfig: DescribeParts['readConfig'] = (digest) => blobs.readWhole(digest, configSizeBytesMax);
  return { db, packages: new InternedPackages(db), readConfig };
}

/** Why there is no bill of materials of a stored image, and what to do. */
export function undescribed(
  image: { readonly target: string; readonly id: number },
  description: Exclude<Description, { kind: 'described' }>,
): StartError {
  switch (description.kind) {
    case 'never-scanned':
      return new StartError(
        `Cannot make an SBOM of "${image.target}": a scan of it must have ended, got none; scan it in the console or with POST /api/v1/images/${image.id}/scan`,
      );
    case 'unsupported':
      return new StartError(
        `Cannot make an SBOM of "${image.target}": it must hold files, but ${description.reason}`,
      );
  }
}
