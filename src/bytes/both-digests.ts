import type { Digest } from '../oci/digest.ts';
import { createHasher } from './digest.ts';

/** The digests of what a source gives, both of one reading. Between its chunks other work goes on. */
export async function bothDigestsOf(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly sha256: Digest; readonly sha512: Digest }> {
  const [sha256, sha512] = [createHasher('sha256'), createHasher('sha512')];
  for await (const chunk of source) {
    sha256.update(chunk);
    sha512.update(chunk);
  }
  return { sha256: sha256.digest(), sha512: sha512.digest() };
}
