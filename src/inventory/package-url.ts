import { PackageURL } from 'packageurl-js';
import type { Distribution } from '../report/distribution.ts';
import type { Package } from '../report/package.ts';

/** purl type and namespace by ecosystem (package-url/purl-spec, types apk, deb and npm). */
const kinds: Readonly<Record<string, readonly [type: string, namespace: string | undefined]>> = {
  Alpine: ['apk', 'alpine'],
  Chainguard: ['apk', 'chainguard'],
  Debian: ['deb', 'debian'],
  Ubuntu: ['deb', 'ubuntu'],
  Wolfi: ['apk', 'wolfi'],
  apk: ['apk', undefined],
  deb: ['deb', undefined],
};

/** The package's URL (`pkg:apk/alpine/musl@1.1.14-r10?distro=alpine-3.4.0`); hostile names come out percent-encoded. */
export function packageUrl(installed: Package, distribution?: Distribution): string {
  const { ecosystem, name, version } = installed;
  if (ecosystem === 'npm') {
    const slash = name.startsWith('@') ? name.indexOf('/') : -1;
    const scope = slash === -1 ? undefined : name.slice(0, slash);
    return buildUrl({ type: 'npm', namespace: scope, name: name.slice(slash + 1), version });
  }
  const [type, family] = kinds[ecosystem] ?? ['generic', undefined];
  const namespace = family ?? (type === 'generic' ? undefined : distribution?.id);
  if (distribution === undefined || type === 'generic') return buildUrl({ type, namespace, name, version });
  const distro = [distribution.id, distribution.versionId].filter((part) => part !== '').join('-');
  return buildUrl({ type, namespace, name, version, distro });
}

interface UrlParts {
  readonly type: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly version: string;
  readonly distro?: string;
}

function buildUrl({ type, namespace, name, version, distro }: UrlParts): string {
  const qualifiers = distro === undefined ? undefined : { distro };
  try {
    return new PackageURL(type, namespace, name, version || undefined, qualifiers).toString();
  } catch {
    // The library refuses names that no registry would accept; an image may hold them all the same.
    const path = [type, namespace, name].filter((part) => part !== undefined).map(encodeURIComponent);
    return `pkg:${path.join('/')}${version === '' ? '' : `@${encodeURIComponent(version)}`}`;
  }
}
