import { createHash } from 'node:crypto';
import type { Database } from '../../database/database.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { type ImageConfig, parseConfig } from '../../oci/parse-config.ts';
import type { DescribedImage, DocumentMaker } from '../../report/sbom/described-image.ts';
import { readImageContent } from '../../scan/image-content.ts';
import type { PackageReader } from '../../scan/reports/image-places.ts';
import { readStoredInventory } from '../../scan/reports/stored-inventory.ts';

/** An image of a repository, and how its bill of materials names it. */
export interface ImageToDescribe {
  readonly digest: Digest;
  readonly repositoryId: number;
  /** `namespace/repository`. */
  readonly name: string;
  /** Host of the registry; absent: the document does not say. */
  readonly registry?: string;
  readonly tags: readonly string[];
}

export type Description =
  | { readonly kind: 'described'; readonly image: DescribedImage }
  | { readonly kind: 'never-scanned' }
  /** It is no image that could run. */
  | { readonly kind: 'unsupported'; readonly reason: string };

/** What describing an image reads from. */
export interface DescribeParts {
  readonly db: Database;
  readonly packages: PackageReader;
  /** The bytes of a config blob; undefined when it is not stored. */
  readonly readConfig: (digest: Digest) => Promise<Uint8Array | undefined>;
}

/** What a bill of materials is made of, by the last scan that came to an end. For an index ask for its images. */
export async function describeImage(parts: DescribeParts, asked: ImageToDescribe): Promise<Description> {
  const { db } = parts;
  const [inventory, content] = await Promise.all([
    readStoredInventory(parts, asked.digest),
    readImageContent(db, asked),
  ]);
  if (inventory === undefined) return { kind: 'never-scanned' };
  const { outcome, ...known } = inventory;
  if (outcome === 'unsupported')
    return { kind: 'unsupported', reason: known.problem?.reason ?? 'it holds no files' };
  const { configDigest } = content;
  const digest = configDigest === undefined ? undefined : parseDigest(configDigest);
  const bytes = digest === undefined ? undefined : await parts.readConfig(digest);
  const parsed = bytes === undefined ? undefined : parseConfig(bytes);
  const { name, registry } = asked;
  return {
    kind: 'described',
    image: {
      ...known,
      name,
      digest: asked.digest,
      ...(configDigest === undefined ? {} : { configDigest }),
      ...(parsed?.kind === 'ok' ? { platform: platformOf(parsed.config) } : {}),
      repository: { name, ...(registry === undefined ? {} : { registry }) },
      tags: asked.tags,
    },
  };
}

function platformOf(config: ImageConfig): NonNullable<DescribedImage['platform']> {
  const { os, architecture, variant } = config;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function documentMaker(version: string): DocumentMaker {
  return { version, hashText: (text) => createHash('sha256').update(text).digest('hex') };
}
