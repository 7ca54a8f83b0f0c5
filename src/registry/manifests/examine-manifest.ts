import { digestOf } from '../../bytes/digest.ts';
import { type Digest, digestAlgorithm } from '../../oci/digest.ts';
import { blobsOf, childrenOf, type Descriptor, type Manifest } from '../../oci/manifest.ts';
import { parseManifest } from '../../oci/parse-manifest.ts';

/** What a manifest's bytes alone say. */
export type ExaminedManifest =
  | {
      readonly kind: 'sound';
      readonly manifest: Manifest;
      /** sha256. */
      readonly digest: Digest;
      readonly digestSha512: Digest;
    }
  /** `message` is whole, for the client. */
  | { readonly kind: 'invalid'; readonly message: string };

/**
 * Parses the bytes that came with the Content-Type, hashes them, and checks the content that descriptors embed. Takes up to
 * a second for the worst 4 MiB: large ones belong into another thread (manifest-examiner.ts, threats.md C6).
 */
export function examineManifest(bytes: Uint8Array, contentType: string | undefined): ExaminedManifest {
  // First, because what is hostile costs less to refuse than to hash.
  const parsed = parseManifest(bytes, contentType);
  if (parsed.kind === 'invalid') return parsed;
  const { manifest } = parsed;
  const wrong = descriptorsOf(manifest).find((descriptor) => !dataFits(descriptor));
  if (wrong !== undefined) {
    return {
      kind: 'invalid',
      message: `Cannot store the manifest: the data of "${wrong.digest}" must hash to that digest, got other bytes`,
    };
  }
  return { kind: 'sound', manifest, digest: digestOf(bytes), digestSha512: digestOf(bytes, 'sha512') };
}

function descriptorsOf(manifest: Manifest): readonly Descriptor[] {
  const subject = manifest.subject === undefined ? [] : [manifest.subject];
  return [...childrenOf(manifest), ...blobsOf(manifest).map(({ descriptor }) => descriptor), ...subject];
}

/** Embedded content must be what the digest names: a reader may take either (threats.md P15). */
function dataFits({ data, digest }: Descriptor): boolean {
  return data === undefined || digestOf(Buffer.from(data, 'base64'), digestAlgorithm(digest)) === digest;
}
