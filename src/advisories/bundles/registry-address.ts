import { parseDigest } from '../../oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../oci/names.ts';
import { BundleInputError } from './bundle-error.ts';

/** A place in a registry. */
export interface RegistryAddress {
  /** As it was given. */
  readonly text: string;
  /** `https://host:port` or `http://…`, without a slash. */
  readonly origin: string;
  readonly repository: string;
  /** Tag or digest. */
  readonly reference: string;
}

const pattern =
  /^oci(\+http)?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/([^:@]+)(?::([^:@]+)|@(.+))?$/;
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

export function isRegistryAddress(text: string): boolean {
  return /^oci(\+http)?:/.test(text);
}

/**
 * Reads `oci://host[:port]/repository[:tag|@digest]`; the tag is `latest` when it is left out. It is asked by HTTPS, by
 * plain HTTP on this machine itself and for `oci+http://`. Throws `BundleInputError`.
 */
export function parseRegistryAddress(text: string): RegistryAddress {
  const [, plain, host = '', port = '', repository = '', tag = 'latest', digest] = pattern.exec(text) ?? [];
  const reference = digest === undefined ? parseTag(tag) : parseDigest(digest);
  if (host === '' || parseRepositoryName(repository) === undefined || reference === undefined) {
    throw new BundleInputError(
      `Cannot use the address "${text.slice(0, 200)}": it must be oci://host[:port]/repository[:tag], such as oci://registry.example.org/team/advisories:latest`,
    );
  }
  const scheme = plain !== undefined || loopback.test(host) ? 'http' : 'https';
  return { text, origin: `${scheme}://${host}${port}`, repository, reference };
}
