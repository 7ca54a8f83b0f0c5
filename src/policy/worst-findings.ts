import type { VulnerabilityFact } from '../report/finding.ts';
import type { PackageFacts } from '../report/image-facts.ts';
import { severities, severityRank } from '../report/severity.ts';
import type { Reason } from './verdict.ts';

export type VulnerabilityReason = Extract<Reason, { kind: 'vulnerability' }>;

interface Found {
  readonly found: PackageFacts;
  readonly vulnerability: VulnerabilityFact;
  readonly weight: number;
}

/**
 * The worst of the findings that are added, and how many there were: known exploited first, then by severity, whether there is a fix,
 * id and package. An image can have thousands of them, of which a list names a few.
 */
export class WorstFindings {
  readonly #keptMax: number;
  /** In order as far as more were added than are kept. */
  readonly #kept: Found[] = [];
  #count = 0;

  /** `keptMax`: at least one. */
  constructor(keptMax: number) {
    this.#keptMax = keptMax;
  }

  get count(): number {
    return this.#count;
  }

  /** How many are not among the reasons. */
  get omitted(): number {
    return this.#count - this.#kept.length;
  }

  add(found: PackageFacts, vulnerability: VulnerabilityFact): void {
    this.#count += 1;
    const weight = weightOf(vulnerability);
    if (this.#count <= this.#keptMax) {
      this.#kept.push({ found, vulnerability, weight });
      if (this.#count === this.#keptMax) this.#kept.sort(compare);
      return;
    }
    if (weight < (this.#kept.at(-1)?.weight ?? 0)) return;
    const one = { found, vulnerability, weight };
    const place = this.#kept.findIndex((kept) => compare(one, kept) < 0);
    if (place === -1) return;
    this.#kept.splice(place, 0, one);
    this.#kept.pop();
  }

  /** Worst first. */
  reasons(): readonly VulnerabilityReason[] {
    return this.#kept.sort(compare).map(reasonOf);
  }
}

/** What is compared first is one number. */
function compare(a: Found, b: Found): number {
  return (
    b.weight - a.weight ||
    compareText(a.vulnerability.id, b.vulnerability.id) ||
    compareText(a.found.name, b.found.name)
  );
}

/** More is worse. */
function weightOf({ knownExploited, severity, fixedVersion }: VulnerabilityFact): number {
  return (
    Number(knownExploited) * 2 * severities.length +
    severityRank(severity) * 2 +
    Number(fixedVersion !== undefined)
  );
}

function reasonOf({ found, vulnerability }: Found): VulnerabilityReason {
  const { id, severity, fixedVersion, knownExploited } = vulnerability;
  return {
    kind: 'vulnerability',
    id,
    severity,
    packageName: found.name,
    installedVersion: found.version,
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
    ...(fixedVersion === undefined || found.source === undefined ? {} : { fixedSource: found.source.name }),
    knownExploited,
  };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
