import type { VulnerabilityFact } from '../../report/finding.ts';
import type { FixSource } from '../../report/fix-source.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import { orderOf } from '../../versions/order-of.ts';
import type { VersionOrder } from '../../versions/version-order.ts';

/** One package to upgrade, and what that clears. */
export interface Upgrade {
  readonly ecosystem: string;
  readonly packageName: string;
  readonly installedVersion: string;
  /** The source that `version` is a version of, where the package is numbered otherwise. */
  readonly source?: FixSource;
  /** The lowest version that clears all that `clears` counts. */
  readonly version: string;
  readonly clears: number;
  /** Of those, critical or high. */
  readonly clearsHighOrWorse: number;
}

/**
 * For each package the one upgrade that clears most, the most useful first (semantics.md §2 "Fix advice"). Fixes are those
 * of the package's own stream; one that is not newer than what is installed, or cannot be compared, is never advised.
 */
export function adviseUpgrades(packages: readonly PackageFacts[]): readonly Upgrade[] {
  return packages
    .flatMap((installed) => adviseUpgrade(installed) ?? [])
    .sort(
      (a, b) =>
        b.clearsHighOrWorse - a.clearsHighOrWorse ||
        b.clears - a.clears ||
        (a.packageName < b.packageName ? -1 : 1),
    );
}

function adviseUpgrade(installed: PackageFacts): Upgrade | undefined {
  const { ecosystem, name, version, source, vulnerabilities } = installed;
  const order = orderOf(ecosystem);
  if (order === undefined) return undefined;
  const fixable = vulnerabilities.filter(
    (found) => !found.undetermined && isNewer(order, found.fixedVersion, source?.version ?? version),
  );
  const target = highestFix(order, fixable);
  if (target === undefined) return undefined;
  const cleared = fixable.filter(
    ({ fixedVersion }) => fixedVersion === target || isNewer(order, target, fixedVersion),
  );
  return {
    ecosystem,
    packageName: name,
    installedVersion: version,
    ...(source === undefined ? {} : { source }),
    version: target,
    clears: cleared.length,
    clearsHighOrWorse: cleared.filter(({ severity }) => severity === 'critical' || severity === 'high')
      .length,
  };
}

function highestFix(order: VersionOrder, fixable: readonly VulnerabilityFact[]): string | undefined {
  let highest: string | undefined;
  for (const { fixedVersion } of fixable) {
    if (highest === undefined || isNewer(order, fixedVersion, highest)) highest = fixedVersion;
  }
  return highest;
}

function isNewer(order: VersionOrder, version: string | undefined, than: string | undefined): boolean {
  return version !== undefined && than !== undefined && order.compare(version, than) === 'greater';
}
