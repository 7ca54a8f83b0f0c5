import { PackageURL } from 'packageurl-js';
import type { Package } from '../../report/package.ts';
import { packageUrl, urlTypes } from './package-url.ts';

/** What a package URL names; qualifiers but the epoch of an rpm, and the subpath, say nothing of which package it is. */
export interface NamedByUrl {
  readonly type: string;
  readonly namespace?: string;
  readonly name: string;
  /** As an ecosystem writes it, the epoch in front; absent: every version. */
  readonly version?: string;
}

export type ParsedPackageUrl =
  | { readonly kind: 'url'; readonly url: NamedByUrl }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads a package URL (package-url/purl-spec) of a type that an inventory can hold. */
export function parsePackageUrl(text: string): ParsedPackageUrl {
  let parsed: PackageURL;
  try {
    parsed = PackageURL.fromString(text);
  } catch (error) {
    return { kind: 'malformed', reason: error instanceof Error ? error.message : String(error) };
  }
  const { type, namespace, name, version, qualifiers } = parsed;
  if (!urlTypes.has(type))
    return {
      kind: 'malformed',
      reason: `its type must be one of ${[...urlTypes].sort().join(', ')}, got ${type}`,
    };
  const epoch = qualifiers?.['epoch'];
  const whole = version && epoch !== undefined && type === 'rpm' ? `${epoch}:${version}` : version;
  return {
    kind: 'url',
    url: { type, name, ...(namespace ? { namespace } : {}), ...(whole ? { version: whole } : {}) },
  };
}

/**
 * Whether a URL names this package, whatever its version. A URL without a namespace names those of every distribution; a
 * package whose own URL has one only by its image's distribution is named by any.
 */
export function isNamedBy(installed: Package, asked: NamedByUrl): boolean {
  const own = parsePackageUrl(packageUrl(installed));
  if (own.kind !== 'url' || own.url.type !== asked.type) return false;
  const { type } = asked;
  if (spelled(type, own.url.name) !== spelled(type, asked.name)) return false;
  if (spelled(type, own.url.namespace ?? '') === spelled(type, asked.namespace ?? '')) return true;
  return systemTypes.has(asked.type) && (asked.namespace === undefined || own.url.namespace === undefined);
}

/** Types whose registries do not tell names apart by case. */
const caselessTypes: ReadonlySet<string> = new Set(['composer', 'nuget', 'pypi', 'swift']);

/** PyPI takes `.`, `_` and `-` for one (PEP 503), which the type's own rules leave apart in part. */
function spelled(type: string, name: string): string {
  const lower = caselessTypes.has(type) ? name.toLowerCase() : name;
  return type === 'pypi' ? lower.replace(/[-_.]+/g, '-') : lower;
}

/** Types whose namespace is a distribution. */
const systemTypes: ReadonlySet<string> = new Set(['alpm', 'apk', 'deb', 'rpm']);

/** The version as the package's own URL has it: Go's with a `v`, an rpm's without epoch. */
export function urlVersionOf(installed: Package): string | undefined {
  try {
    return PackageURL.fromString(packageUrl(installed)).version ?? undefined;
  } catch {
    return undefined; // of a name that no registry would accept
  }
}
