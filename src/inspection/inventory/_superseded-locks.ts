import type { FoundPackage } from './found.ts';
import type { PackageManager } from './package-managers.ts';

interface LocatedPackage {
  readonly found: FoundPackage;
  readonly path: string;
}

/** Managers that install into one place for the whole system, wherever the lock file lies. */
const installElsewhere: ReadonlySet<PackageManager> = new Set(['python', 'ruby', 'haskell', 'cran']);

/**
 * Which lock files say what is installed anyway: those with packages of the same manager installed below their folder, or
 * of whose packages one is installed elsewhere by a manager that installs for the whole system. Their lists are left out,
 * because they also name what was never installed; what a lock file alone names counts.
 */
export function supersededLocks(packages: readonly LocatedPackage[]): ReadonlySet<string> {
  const installed = packages.filter(({ found }) => found.evidence !== 'locked');
  const installedFolders = new Set(
    installed.flatMap(({ found, path }) => foldersOf(path).map((folder) => `${found.manager} ${folder}`)),
  );
  const installedNames = new Set(installed.map(({ found }) => `${found.manager} ${found.name}`));
  const superseded = new Set<string>();
  for (const { found, path } of packages) {
    if (found.evidence !== 'locked') continue;
    const folder = path.slice(0, path.lastIndexOf('/') + 1).replace(/\/$/, '');
    const isInstalled =
      installedFolders.has(`${found.manager} ${folder}`) ||
      (installElsewhere.has(found.manager) && installedNames.has(`${found.manager} ${found.name}`));
    if (isInstalled) superseded.add(lockKey({ found, path }));
  }
  return superseded;
}

/** One list of packages: a lock file, as far as one manager is concerned. */
export function lockKey({ found, path }: LocatedPackage): string {
  return `${found.manager} ${path}`;
}

/** Every folder above the path; empty text for the root. */
function foldersOf(path: string): readonly string[] {
  const folders = [''];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    folders.push(path.slice(0, slash));
  }
  return folders;
}
