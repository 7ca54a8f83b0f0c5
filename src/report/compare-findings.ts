import type { VulnerabilityFact } from './finding.ts';
import type { FixSource } from './fix-source.ts';
import type { PackageFacts } from './image-facts.ts';

/** A finding of one of two sets of packages, or of both. */
export interface FindingDifference {
  readonly change: 'added' | 'removed' | 'unchanged';
  readonly ecosystem: string;
  readonly name: string;
  /** Of the later set where it is in both. */
  readonly version: string;
  /** As `PackageFacts` has it, of that version. */
  readonly source?: FixSource;
  /** Where it is in both. */
  readonly versionBefore?: string;
  readonly vulnerability: VulnerabilityFact;
}

type FoundPackage = Omit<PackageFacts, 'packageId'>;

/** What one set of packages has and the other has not; a newer version with the same vulnerability is no difference. */
export function compareFindings(sets: {
  readonly before: readonly FoundPackage[];
  readonly after: readonly FoundPackage[];
}): readonly FindingDifference[] {
  const [before, after] = [findingsOf(sets.before), findingsOf(sets.after)];
  const later = [...after].map(([key, one]): FindingDifference => {
    const earlier = before.get(key);
    return earlier === undefined
      ? { change: 'added', ...one }
      : { change: 'unchanged', ...one, versionBefore: earlier.version };
  });
  const removed = [...before].flatMap(([key, one]): FindingDifference[] =>
    after.has(key) ? [] : [{ change: 'removed', ...one }],
  );
  return [...later, ...removed];
}

type Found = Pick<FindingDifference, 'ecosystem' | 'name' | 'version' | 'source' | 'vulnerability'>;

/** By vulnerability and package, whatever its version. */
function findingsOf(packages: readonly FoundPackage[]): ReadonlyMap<string, Found> {
  return new Map(
    packages.flatMap(({ vulnerabilities, ecosystem, name, version, source }) =>
      vulnerabilities.map(
        (vulnerability) =>
          [
            JSON.stringify([ecosystem, name, vulnerability.id]),
            { ecosystem, name, version, ...(source === undefined ? {} : { source }), vulnerability },
          ] as const,
      ),
    ),
  );
}
