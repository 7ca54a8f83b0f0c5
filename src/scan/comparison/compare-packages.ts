import type { Package } from '../../report/package.ts';
import { orderOf } from '../../versions/order-of.ts';

/** A package that two images hold in other versions, or that only one of them holds. */
export interface PackageDifference {
  /** `changed`: other versions, of which nobody can tell which is the newer. */
  readonly change: 'added' | 'removed' | 'upgraded' | 'downgraded' | 'changed';
  readonly ecosystem: string;
  readonly name: string;
  /** Versions that only the earlier holds, in no particular order. */
  readonly before: readonly string[];
  /** Versions that only the later holds. */
  readonly after: readonly string[];
}

type Named = Pick<Package, 'ecosystem' | 'name' | 'version'>;

/** The differences in order of name, and how many packages are the same in both. */
export function comparePackages(sets: {
  readonly before: readonly Named[];
  readonly after: readonly Named[];
}): { readonly differences: readonly PackageDifference[]; readonly unchanged: number } {
  const differences: PackageDifference[] = [];
  let unchanged = 0;
  const [before, after] = [versionsOf(sets.before), versionsOf(sets.after)];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [ecosystem, name] = JSON.parse(key) as [string, string]; // written by versionsOf()
    const [earlier, later] = [before.get(key) ?? new Set<string>(), after.get(key) ?? new Set<string>()];
    const gone = [...earlier].filter((version) => !later.has(version));
    const come = [...later].filter((version) => !earlier.has(version));
    if (gone.length === 0 && come.length === 0) unchanged += 1;
    else
      differences.push({
        change: changeOf(ecosystem, gone, come),
        ecosystem,
        name,
        before: gone,
        after: come,
      });
  }
  return { differences: differences.sort(byName), unchanged };
}

function versionsOf(packages: readonly Named[]): ReadonlyMap<string, ReadonlySet<string>> {
  const versions = new Map<string, Set<string>>();
  for (const { ecosystem, name, version } of packages) {
    const key = JSON.stringify([ecosystem, name]);
    const known = versions.get(key);
    if (known === undefined) versions.set(key, new Set([version]));
    else known.add(version);
  }
  return versions;
}

function changeOf(
  ecosystem: string,
  before: readonly string[],
  after: readonly string[],
): PackageDifference['change'] {
  if (before.length === 0) return 'added';
  if (after.length === 0) return 'removed';
  const [newestBefore, newestAfter] = [newestOf(ecosystem, before), newestOf(ecosystem, after)];
  if (newestBefore === undefined || newestAfter === undefined) return 'changed';
  switch (orderOf(ecosystem)?.compare(newestBefore, newestAfter)) {
    case 'less':
      return 'upgraded';
    case 'greater':
      return 'downgraded';
    default:
      return 'changed';
  }
}

/** Undefined when two of them cannot be compared. */
function newestOf(ecosystem: string, versions: readonly string[]): string | undefined {
  let newest = versions[0];
  for (const version of versions.slice(1)) {
    const comparison = orderOf(ecosystem)?.compare(version, newest ?? '');
    if (comparison === undefined || comparison === 'undetermined') return undefined;
    if (comparison === 'greater') newest = version;
  }
  return newest;
}

function byName(a: PackageDifference, b: PackageDifference): number {
  return compareText(a.name, b.name) || compareText(a.ecosystem, b.ecosystem);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
