/** `sha256:<64 lower-case hex>` or `sha512:<128 lower-case hex>`; only `parseDigest()` makes one. */
export type Digest = string & { readonly __brand: 'Digest' };

export type DigestAlgorithm = 'sha256' | 'sha512';

const pattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/**
 * Returns the digest, or undefined when the text is not one in the registered form.
 * OCI image-spec v1.1 descriptor.md#digests: upper-case hex and unregistered algorithms are refused here.
 */
export function parseDigest(text: string): Digest | undefined {
  return pattern.test(text) ? (text as Digest) : undefined; // checked by the pattern: the brand's only source
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

export function digestHex(digest: Digest): string {
  return digest.slice(7);
}

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512';
}
