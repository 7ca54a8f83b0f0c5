import { PackageURL } from 'packageurl-js';
import type { Distribution } from '../../report/distribution.ts';
import type { Package, PlacedPackage } from '../../report/package.ts';

/** purl type of the ecosystem's packages, and the namespace that stands for the whole of it. */
type UrlKind = readonly [type: string, namespace?: string];

/** By ecosystem, of packages of a distribution; those without a namespace take the distribution's `ID` (purl-spec: types). */
const systemKinds: Readonly<Record<string, UrlKind>> = {
  AlmaLinux: ['rpm', 'almalinux'],
  Alpaquita: ['apk', 'alpaquita'],
  Alpine: ['apk', 'alpine'],
  'Azure Linux': ['rpm'],
  'BellSoft Hardened Containers': ['apk', 'bellsoft-hardened-containers'],
  Chainguard: ['apk', 'chainguard'],
  CleanStart: ['apk', 'cleanstart'],
  Debian: ['deb', 'debian'],
  Echo: ['deb', 'echo'],
  Mageia: ['rpm', 'mageia'],
  MinimOS: ['apk', 'minimos'],
  openEuler: ['rpm', 'openeuler'],
  openSUSE: ['rpm', 'opensuse'],
  'Photon OS': ['rpm', 'photon'],
  'Red Hat': ['rpm', 'redhat'],
  'Rocky Linux': ['rpm', 'rocky'],
  SUSE: ['rpm', 'suse'],
  Ubuntu: ['deb', 'ubuntu'],
  Wolfi: ['apk', 'wolfi'],
  alpm: ['alpm'],
  apk: ['apk'],
  deb: ['deb'],
  rpm: ['rpm'],
};

/** By ecosystem, of packages of languages: the type, and where the name begins with a namespace, what ends that. */
const languageKinds: Readonly<Record<string, readonly [type: string, separator?: ':' | '/']>> = {
  npm: ['npm', '/'],
  PyPI: ['pypi'],
  Maven: ['maven', ':'],
  Go: ['golang', '/'],
  'crates.io': ['cargo'],
  RubyGems: ['gem'],
  Packagist: ['composer', '/'],
  NuGet: ['nuget'],
  Pub: ['pub'],
  Hex: ['hex'],
  SwiftURL: ['swift', '/'],
  ConanCenter: ['conan'],
  CRAN: ['cran'],
  Julia: ['julia'],
  Hackage: ['hackage'],
  Bitnami: ['bitnami'],
};

/** Every type that a package's URL may have. */
export const urlTypes: ReadonlySet<string> = new Set([
  ...Object.values(systemKinds).map(([type]) => type),
  ...Object.values(languageKinds).map(([type]) => type),
  'generic',
]);

/**
 * The package's URL (`pkg:apk/alpine/musl@1.1.14-r10?distro=alpine-3.4.0`) by the rules of its type
 * (package-url/purl-spec); hostile names come out percent-encoded. `architecture` is for packages of a distribution.
 */
export function packageUrl(installed: Package, distribution?: Distribution, architecture?: string): string {
  const { ecosystem, name, version } = installed;
  const system = Object.hasOwn(systemKinds, ecosystem) ? systemKinds[ecosystem] : undefined;
  if (system !== undefined) return systemUrl(system, installed, { distribution, architecture });
  const [type, separator] = (Object.hasOwn(languageKinds, ecosystem) && languageKinds[ecosystem]) || [
    'generic',
  ];
  const end = separator === undefined ? -1 : name.lastIndexOf(separator);
  const parts = { namespace: end > 0 ? name.slice(0, end) : undefined, name: name.slice(end + 1) };
  return buildUrl({
    type,
    ...writtenAs(type, parts),
    version: type === 'golang' ? goVersion(installed) : version,
  });
}

function systemUrl(
  [type, ecosystemNamespace]: UrlKind,
  installed: Package,
  on: { readonly distribution: Distribution | undefined; readonly architecture: string | undefined },
): string {
  const { name, version } = installed;
  const { distribution, architecture } = on;
  const namespace = ecosystemNamespace ?? distribution?.id;
  const distro = [distribution?.id ?? '', distribution?.versionId ?? '']
    .filter((part) => part !== '')
    .join('-');
  // The epoch of an rpm is no part of its version there; that of a deb or of pacman is.
  const [, epoch, rest = version] = (type === 'rpm' && /^(\d+):(.*)$/s.exec(version)) || [];
  const qualifiers = {
    ...(architecture !== undefined && { arch: architecture }),
    ...(epoch !== undefined && { epoch }),
    ...(distro !== '' && { distro }),
  };
  return buildUrl({
    type,
    namespace,
    name: type === 'alpm' ? name.toLowerCase() : name,
    version: rest,
    qualifiers,
  });
}

/** The URL of a package where it lies; of one that is installed for several architectures, that of the first. */
export function placedPackageUrl(placed: PlacedPackage, distribution?: Distribution): string {
  return packageUrl(placed.package, distribution, placed.architectures?.[0]);
}

/** Packages with their URLs, each once per architecture: what a bill of materials lists. */
export function urlsOfPackages<Placed extends PlacedPackage>(
  packages: readonly Placed[],
  distribution?: Distribution,
): readonly (Placed & { readonly purl: string })[] {
  return packages.flatMap((placed) =>
    (placed.architectures ?? [undefined]).map((architecture) => ({
      ...placed,
      purl: packageUrl(placed.package, distribution, architecture),
    })),
  );
}

interface NamedParts {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** How registries write what they compare without regard to case. */
function writtenAs(type: string, { namespace, name }: NamedParts): NamedParts {
  switch (type) {
    // https://packaging.python.org/en/latest/specifications/name-normalization/ but for dots, which purl keeps.
    case 'pypi':
      return { namespace, name: name.toLowerCase().replaceAll('_', '-') };
    case 'bitnami':
    case 'composer':
    case 'golang':
    case 'hex':
      return { namespace: namespace?.toLowerCase(), name: name.toLowerCase() };
    case 'pub':
      return { namespace, name: name.toLowerCase().replaceAll('-', '_') };
    default:
      return { namespace, name };
  }
}

/** Go's own versions begin with a `v`, which ours, as those of advisories, lack; the standard library's do not. */
function goVersion({ name, version }: Package): string {
  return name !== 'stdlib' && /^\d/.test(version) ? `v${version}` : version;
}

interface UrlParts extends NamedParts {
  readonly type: string;
  readonly version: string;
  readonly qualifiers?: Readonly<Record<string, string>>;
}

function buildUrl({ type, namespace, name, version, qualifiers }: UrlParts): string {
  try {
    return new PackageURL(type, namespace, name, version || undefined, qualifiers).toString();
  } catch {
    // The library refuses names that no registry would accept; an image may hold them all the same.
    const path = [type, namespace, name].filter((part) => part !== undefined).map(encodeURIComponent);
    return `pkg:${path.join('/')}${version === '' ? '' : `@${encodeURIComponent(version)}`}`;
  }
}
