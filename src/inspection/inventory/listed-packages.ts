import { capText } from './cap-text.ts';
import type { Found, FoundPackage, FoundUnreadable } from './found.ts';
import type { PackageManager } from './package-managers.ts';

/** The largest lock files of real projects list some 10,000 packages; a hostile one must not fill the memory. */
const packagesMax = 100_000;

export interface ListedPackage {
  readonly name: string;
  /** Empty when the file gives none. */
  readonly version: string;
  /** Of `declaredLicense()`. */
  readonly license?: string;
}

export function languagePackage(
  manager: PackageManager,
  { name, version, license }: ListedPackage,
  evidence?: 'locked',
): FoundPackage {
  const cappedName = capText(name);
  const cappedVersion = capText(version);
  return {
    kind: 'package',
    manager,
    name: cappedName,
    version: cappedVersion,
    sourceName: cappedName,
    sourceVersion: cappedVersion,
    ...(license !== undefined && { license }),
    ...(evidence !== undefined && { evidence }),
  };
}

export function unreadable(reason: string): FoundUnreadable {
  return { kind: 'unreadable', reason };
}

/** What a lock file lists, each package once; `read` may throw where the file is not of its format. */
export function lockedPackages(
  manager: PackageManager,
  fileKind: string,
  read: () => Iterable<ListedPackage>,
): readonly Found[] {
  const found = new Map<string, Found>();
  try {
    for (const listed of read()) {
      if (listed.name === '') continue;
      if (found.size === packagesMax) {
        return [...found.values(), unreadable(`A ${fileKind} lists more than ${packagesMax} packages`)];
      }
      found.set(`${listed.name}\n${listed.version}`, languagePackage(manager, listed, 'locked'));
    }
    return [...found.values()];
  } catch {
    // A parser's own words would carry text of the image; that it could not be read is the finding.
    return [...found.values(), unreadable(`A ${fileKind} is not of its format`)];
  }
}

/** Last segment of a path. */
export function fileNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
