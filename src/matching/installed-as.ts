import type { FixSource } from '../report/fix-source.ts';
import type { Package } from '../report/package.ts';
import type { AffectedPackage } from './advisory.ts';

/** OSV ecosystems of distributions whose advisories name packages as they are installed, not those of the sources. */
export const binaryEcosystems: readonly string[] = ['AlmaLinux'];
const binary: ReadonlySet<string> = new Set(binaryEcosystems);

/** Those whose advisories name installed packages, sources, or both (OSV schema 1.7, "Defined ecosystems"). */
export const eitherEcosystems: readonly string[] = ['Photon OS', 'Red Hat'];
const either: ReadonlySet<string> = new Set(eitherEcosystems);

/**
 * Names under which advisories of its ecosystem may speak of a package, the one that counts first at the beginning. None speak
 * of the kernel's header files by the name of its source: those hold declarations and no code that could be attacked.
 */
export function advisedNames({ ecosystem, name, sourceName }: Package): readonly string[] {
  if (binary.has(ecosystem)) return [name];
  if (kernelSource.test(sourceName) && kernelHeaders.test(name)) return either.has(ecosystem) ? [name] : [];
  return either.has(ecosystem) && name !== sourceName ? [name, sourceName] : [sourceName];
}

const kernelSource = /^(?:linux|kernel)(?:-|$)/;
const kernelHeaders = /^(?:linux-libc-dev|(?:linux|kernel)(?:-[a-z0-9.+]+)*-headers)(?:-|$)/;

/** Of rpms by their sources: the file name of a source package, which is all that is known of it, bears no epoch. */
const rpmSources: ReadonlySet<string> = new Set([
  'Azure Linux',
  'Mageia',
  'openEuler',
  'openSUSE',
  'Photon OS',
  'Red Hat',
  'Rocky Linux',
  'SUSE',
]);

/**
 * The version to compare with a statement that names the package `advisedName`. An rpm whose version is not that of its
 * source may have an epoch of its own: then the source is taken to have the epoch that the statement names throughout.
 * Undefined where that tells none.
 */
export function advisedVersion(
  installed: Package,
  advisedName: string,
  affected: AffectedPackage,
): string | undefined {
  const { ecosystem, name, version, sourceVersion } = installed;
  if (binary.has(ecosystem) || (either.has(ecosystem) && advisedName === name)) return version;
  const [, bare] = splitEpoch(sourceVersion);
  if (!rpmSources.has(ecosystem) || splitEpoch(version)[1] === bare) return sourceVersion;
  const named = affected.ranges.flatMap(({ events }) => events.flatMap((event) => Object.values(event)));
  const epochs = new Set([...named.filter((one) => one !== '0'), ...affected.versions].map(epochOf));
  const [epoch = '0', ...others] = epochs;
  return others.length > 0 ? undefined : `${epoch}:${bare}`;
}

/**
 * The source whose versions the fixes of a package are, where the package itself is numbered otherwise: `bsdutils` 1:2.36.1-8
 * is built of `util-linux` 2.36.1-8. Undefined where the versions agree, and where fixes may be of either.
 */
export function numberedBySource(
  installed: Pick<Package, 'ecosystem' | 'version' | 'sourceName' | 'sourceVersion'>,
): FixSource | undefined {
  const { ecosystem, version, sourceName, sourceVersion } = installed;
  if (binary.has(ecosystem) || either.has(ecosystem)) return undefined;
  if (version === sourceVersion) return undefined;
  const own = rpmSources.has(ecosystem) ? splitEpoch(version)[1] : version.replace(rebuild, '');
  const source = rpmSources.has(ecosystem) ? splitEpoch(sourceVersion)[1] : sourceVersion;
  return own === source ? undefined : { name: sourceName, version: sourceVersion };
}

/** What Debian adds to the version of a package that it builds again of the same source. */
const rebuild = /\+b\d+$/;

function epochOf(version: string): string {
  return splitEpoch(version)[0];
}

function splitEpoch(version: string): readonly [epoch: string, rest: string] {
  const colon = version.indexOf(':');
  return colon < 0 ? ['0', version] : [version.slice(0, colon), version.slice(colon + 1)];
}
