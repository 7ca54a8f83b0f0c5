import { bothDigestsOf } from '../../bytes/both-digests.ts';
import { type Digest, digestAlgorithm } from '../../oci/digest.ts';
import type { BlobReader } from '../../storage/blob-store.ts';

/** Largest blob whose sha512 is worked out before its push is answered; that of larger ones follows (docs/performance.md). */
export const sha512AtOnceSizeBytesMax = 1024 * 1024;

/** The stored copy is not what was hashed when it was committed. */
export class StoredBytesChangedError extends Error {
  readonly code = 'stored_bytes_changed';
  constructor(asked: Digest, actual: Digest) {
    super(`Cannot record the blob "${asked}": its stored copy must hash to that, got "${actual}"`);
    this.name = 'StoredBytesChangedError';
  }
}

/** The digests under which a blob just committed is recorded: its sha256 always, its sha512 when that is known or cheap. */
export async function storedDigests(
  store: BlobReader,
  committed: { readonly key: string; readonly sizeBytes: number; readonly digest: Digest },
): Promise<{ readonly digest: Digest; readonly digestSha512?: Digest }> {
  const { key, sizeBytes, digest } = committed;
  const algorithm = digestAlgorithm(digest);
  if (algorithm === 'sha256' && sizeBytes > sha512AtOnceSizeBytesMax) return { digest };
  const both = await bothDigestsOf(await store.read(key));
  if (both[algorithm] !== digest) throw new StoredBytesChangedError(digest, both[algorithm]);
  return { digest: both.sha256, digestSha512: both.sha512 };
}
