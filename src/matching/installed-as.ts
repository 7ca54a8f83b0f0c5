import type { Package } from '../report/package.ts';
import type { AffectedPackage } from './advisory.ts';

/** OSV ecosystems of distributions whose advisories name packages as they are installed, not those of the sources. */
export const binaryEcosystems: readonly string[] = ['AlmaLinux'];
const binary: ReadonlySet<string> = new Set(binaryEcosystems);

/** A package as advisories of its ecosystem speak of it. */
export function advisedAs({ ecosystem, name, version, sourceName, sourceVersion }: Package): {
  readonly name: string;
  readonly version: string;
} {
  return binary.has(ecosystem) ? { name, version } : { name: sourceName, version: sourceVersion };
}

/**
 * Whether an advisory speaks of the stream that a package was installed from: an rpm of a module is never updated by one
 * of no module or of another stream, whatever their versions. `unknown` where the advisory or the package belongs to a
 * module but does not say to which stream.
 */
export function streamStanding(
  { modules }: AffectedPackage,
  installed: Package,
): 'same' | 'other' | 'unknown' {
  if (modules === undefined) return installed.module === '' ? 'same' : 'other';
  if (installed.module === '') return installed.version.includes('.module') ? 'unknown' : 'other';
  if (modules.length === 0) return 'unknown';
  return modules.includes(installed.module) ? 'same' : 'other';
}
