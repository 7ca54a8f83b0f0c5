import { buffer } from 'node:stream/consumers';
import { findBlob } from '../../catalog/blobs.ts';
import type { Database } from '../../database/database.ts';
import type { Descriptor, Manifest } from '../../oci/manifest.ts';
import { dockerConfigMediaType, ociConfigMediaType, ociEmptyMediaType } from '../../oci/media-types.ts';
import { sniffBytes, sniffContent } from '../../oci/sniff-content.ts';
import type { BlobStore } from '../../storage/blob-store.ts';

/** Largest layer of a signature, attestation or SBOM (threats.md P13). */
export const artifactLayerSizeBytesMax = 10 * 1024 * 1024;

/** Types of documents that say something about an image; none of them is ever part of a root file system. */
const documentTypes: ReadonlySet<string> = new Set([
  ociEmptyMediaType,
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.in-toto+json',
  'application/vnd.dsse.envelope.v1+json',
  'application/vnd.cncf.notary.signature',
  'application/jose+json',
  'application/spdx+json',
  'text/spdx',
  'text/spdx+json',
  'application/vnd.cyclonedx+json',
  'application/vnd.cyclonedx+xml',
  'application/vnd.cyclonedx',
  'application/vnd.syft+json',
  'application/vnd.openvex+json',
  'application/sarif+json',
]);

function isDocumentType(mediaType: string): boolean {
  return (
    documentTypes.has(mediaType) ||
    /^application\/vnd\.dev\.sigstore\.bundle\.v\d[\d.]*\+json$/.test(mediaType)
  );
}

/**
 * Whether a manifest lists others, holds an image, or documents alone. It is an artifact only when every layer is a small
 * document by its type and by its bytes, or when it has no layer and its config is none of an image, by type and bytes:
 * everything else is scanned and judged as an image, whatever it calls itself (threats.md P12, P13).
 */
export async function classifyManifest(
  manifest: Manifest,
  from: { readonly db: Database; readonly store: BlobStore; readonly repositoryId: number },
): Promise<'image' | 'index' | 'artifact'> {
  if (manifest.kind === 'index' || (manifest.kind === 'other' && manifest.manifests.length > 0))
    return 'index';
  const { config } = manifest;
  if (manifest.layers.length === 0) {
    if (config === undefined) return 'artifact';
    const isImageConfig = [ociConfigMediaType, dockerConfigMediaType].includes(config.mediaType);
    return isImageConfig || !(await isDocument(config, from)) ? 'image' : 'artifact';
  }
  if (manifest.kind === 'other' && config !== undefined && !(await isDocument(config, from))) return 'image';
  const mayBeDocuments = manifest.layers.every(
    (layer) => isDocumentType(layer.mediaType) && layer.size <= artifactLayerSizeBytesMax,
  );
  if (!mayBeDocuments) return 'image';
  for (const layer of manifest.layers) {
    if (!(await isDocument(layer, from))) return 'image';
  }
  return 'artifact';
}

async function isDocument(
  layer: Descriptor,
  from: { readonly db: Database; readonly store: BlobStore; readonly repositoryId: number },
): Promise<boolean> {
  const blob = await findBlob(from.db, { repositoryId: from.repositoryId, digest: layer.digest });
  if (blob === undefined) return false; // the push is refused for it later
  if (blob.sizeBytes === 0) return true;
  const end = Math.min(sniffBytes, blob.sizeBytes) - 1;
  const head = await buffer(await from.store.read(blob.storageKey, { start: 0, end }));
  const kind = sniffContent(head);
  if (kind !== 'json' && kind !== 'other') return false;
  return isText(head);
}

/** UTF-8 without NUL, except for a character cut off at the end. */
function isText(head: Buffer): boolean {
  if (head.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
