import { createHash, hash } from 'node:crypto';
import type { Digest, DigestAlgorithm } from '../oci/digest.ts';

/** Digests bytes as they pass. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The digest of everything given so far; ends the hasher. */
  digest(): Digest;
}

export function createHasher(algorithm: DigestAlgorithm): Hasher {
  const state = createHash(algorithm);
  return {
    update: (bytes) => {
      state.update(bytes);
    },
    digest: () => asDigest(algorithm, state.digest('hex')),
  };
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return asDigest(algorithm, hash(algorithm, bytes, 'hex'));
}

function asDigest(algorithm: DigestAlgorithm, hex: string): Digest {
  return `${algorithm}:${hex}` as Digest; // node:crypto writes lower-case hex of the algorithm's length
}
