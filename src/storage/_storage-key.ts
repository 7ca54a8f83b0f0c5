import { type Digest, digestAlgorithm, digestHex, parseDigest } from '../oci/digest.ts';

const uploadIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const keyPattern = /^sha(?:256|512)\/[0-9a-f]{2}\/[0-9a-f]{64,128}\.[0-9a-f]{32}$/;

export class StorageNameError extends Error {
  readonly code = 'storage_name';
  constructor(name: string) {
    super(`Cannot use the storage name "${name}": it must be one that this store made, got another form`);
    this.name = 'StorageNameError';
  }
}

/**
 * `<algorithm>/<first byte>/<hex>.<generation>`. The generation is the upload's id: every copy of the same content has a
 * key of its own, so that a late deletion of an old copy never hits a new one, and committing an upload again gives the
 * same key.
 */
export function storageKeyOf(digest: Digest, uploadId: string): string {
  const hex = digestHex(digest);
  const generation = checkUploadId(uploadId).replaceAll('-', '');
  return `${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}.${generation}`;
}

export function isUploadId(text: string): boolean {
  return uploadIdPattern.test(text);
}

/** Returns the id when it is a lower-case UUID; throws `StorageNameError` otherwise: it becomes part of a path. */
export function checkUploadId(uploadId: string): string {
  if (!isUploadId(uploadId)) throw new StorageNameError(uploadId);
  return uploadId;
}

/** Returns the key when a store made it; throws `StorageNameError` otherwise: it becomes part of a path. */
export function checkStorageKey(key: string): string {
  if (!keyPattern.test(key)) throw new StorageNameError(key);
  return key;
}

/** What a key says; undefined for a name that no store made. */
export function readStorageKey(
  key: string,
): { readonly digest: Digest; readonly uploadId: string } | undefined {
  if (!keyPattern.test(key)) return undefined;
  const [, algorithm, hex, a, b, c, d, e] =
    /^(sha256|sha512)\/..\/([0-9a-f]+)\.(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(key) ?? [];
  const digest = parseDigest(`${algorithm}:${hex}`);
  return digest === undefined ? undefined : { digest, uploadId: `${a}-${b}-${c}-${d}-${e}` };
}
