import type { Finding } from '../../api/answers.ts';

/** What one upgrade would clear. */
export interface FixAdvice {
  readonly packageName: string;
  readonly installedVersion: string;
  /** Versions that fix one or more of the findings, as the advisories name them; not put in order here. */
  readonly fixedVersions: readonly string[];
  readonly findingCount: number;
}

/** Groups findings that have a fix by installed package, those that clear most first. */
export function fixAdviceOf(findings: readonly Finding[]): readonly FixAdvice[] {
  const groups = new Map<string, { finding: Finding; fixedVersions: Set<string>; ids: Set<string> }>();
  for (const finding of findings) {
    if (finding.fixedVersion === null || finding.exempted !== null) continue;
    const key = `${finding.package.name}\n${finding.package.version}`;
    const group = groups.get(key) ?? { finding, fixedVersions: new Set<string>(), ids: new Set<string>() };
    group.fixedVersions.add(finding.fixedVersion);
    group.ids.add(finding.id);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ finding, fixedVersions, ids }) => ({
      packageName: finding.package.name,
      installedVersion: finding.package.version,
      fixedVersions: [...fixedVersions],
      findingCount: ids.size,
    }))
    .sort((one, other) => other.findingCount - one.findingCount);
}
