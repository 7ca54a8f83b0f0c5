import type { FoundPackage } from './found.ts';
import type { PackageManager } from './package-managers.ts';

interface LocatedPackage {
  readonly found: FoundPackage;
  readonly path: string;
}

/** Managers that install into one place for the whole system, wherever the lock file lies. */
const installElsewhere: ReadonlySet<PackageManager> = new Set(['python', 'ruby', 'haskell', 'cran']);

/** Where beside its lock file a manager installs; others are known to have installed by anything below it. */
const installFolders: Readonly<Partial<Record<PackageManager, string>>> = { npm: 'node_modules' };

/**
 * Whether it is told otherwise what is installed of what a lock file names. That is so for all of a file beside which its manager
 * has installed, and for one of a manager that installs elsewhere when most of its names are installed: such files also name
 * what was never installed. Of any other only the names that are installed are; what a lock file alone names counts.
 */
export function supersededLocks(packages: readonly LocatedPackage[]): (item: LocatedPackage) => boolean {
  const installed = packages.filter(({ found }) => found.evidence !== 'locked');
  const folders = new Set(
    installed.flatMap(({ found, path }) => foldersOf(path).map((folder) => `${found.manager} ${folder}`)),
  );
  const names = new Set(installed.flatMap(({ found }) => (installsElsewhere(found) ? nameKey(found) : [])));
  const locks = new Map<string, Set<string>>();
  for (const { found, path } of packages) {
    if (found.evidence !== 'locked') continue;
    const lock = locks.get(lockKey(found, path)) ?? new Set();
    locks.set(lockKey(found, path), lock.add(nameKey(found)));
  }
  const superseded = new Set<string>();
  for (const [key, listed] of locks) {
    const installedCount = [...listed].filter((name) => names.has(name)).length;
    if (2 * installedCount > listed.size) superseded.add(key);
  }
  return ({ found, path }) => {
    if (found.evidence !== 'locked') return false;
    if (!installsElsewhere(found)) return folders.has(`${found.manager} ${installFolderOf(found, path)}`);
    return names.has(nameKey(found)) || superseded.has(lockKey(found, path));
  };
}

function installsElsewhere({ manager }: FoundPackage): boolean {
  return installElsewhere.has(manager);
}

/** PEP 503: Python's names are the same however they separate their words. */
function nameKey({ manager, name }: FoundPackage): string {
  return `${manager} ${manager === 'python' ? name.toLowerCase().replaceAll(/[-_.]+/g, '-') : name}`;
}

/** One list of packages: a lock file, as far as one manager is concerned. */
function lockKey({ manager }: FoundPackage, path: string): string {
  return `${manager} ${path}`;
}

function installFolderOf({ manager }: FoundPackage, path: string): string {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, slash)), installFolders[manager] ?? '']
    .filter((part) => part !== '')
    .join('/');
}

/** Every folder above the path; empty text for the root. */
function foldersOf(path: string): readonly string[] {
  const folders = [''];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    folders.push(path.slice(0, slash));
  }
  return folders;
}
