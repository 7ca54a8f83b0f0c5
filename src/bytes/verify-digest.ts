import { Readable } from 'node:stream';
import { type Digest, digestAlgorithm } from '../oci/digest.ts';
import { createHasher } from './digest.ts';

/** Bytes that were to hash to a digest do not: they were changed on the way or at rest. */
export class DigestMismatchError extends Error {
  override readonly name = 'DigestMismatchError';
  readonly code = 'digest-mismatch';
  readonly expected: Digest;
  readonly actual: Digest;

  constructor(expected: Digest, actual: Digest) {
    super(`Cannot read the blob "${expected}": its bytes must hash to that, got ${actual}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** The same bytes; the stream fails with `DigestMismatchError` at its end when they do not hash to the digest. */
export function verifyDigest(source: Readable, expected: Digest): Readable {
  return Readable.from(checked(source, expected), { objectMode: false });
}

async function* checked(source: Readable, expected: Digest): AsyncGenerator<Buffer> {
  const hasher = createHasher(digestAlgorithm(expected));
  for await (const chunk of source as AsyncIterable<Buffer>) {
    // no encoding is set, so pieces are buffers
    hasher.update(chunk);
    yield chunk;
  }
  const actual = hasher.digest();
  if (actual !== expected) throw new DigestMismatchError(expected, actual);
}
