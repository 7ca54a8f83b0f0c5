import type { SecretHit, SecretType } from './secret.ts';
import { type Severity, severities, severityRank } from './severity.ts';

/** A credential in an image with its place. It counts even where a later layer hides it: whoever pulls has the layer. */
export interface SecretFinding extends SecretHit {
  /** Of a file without a leading slash; of the config `config:env/NAME`, `config:history/3` and the like. */
  readonly path: string;
  /** Absent: it stands in the image's config. */
  readonly layer?: {
    readonly index: number;
    /** As stored. */
    readonly digest: string;
    /** The command of the build history that made the layer, its secrets masked. */
    readonly createdBy?: string;
  };
  /** What a later layer does to the file; absent: the container sees it. */
  readonly fate?: { readonly kind: 'deleted' | 'replaced'; readonly byLayer: number };
  /** When a scan of the image first found it, ISO 8601. */
  readonly firstSeenAt: string;
}

/** What policy and lists need of the findings of one rule at one path. */
export interface SecretFact {
  readonly rule: string;
  readonly title: string;
  readonly type: SecretType;
  readonly severity: Severity;
  readonly path: string;
  /** Of the first one. */
  readonly line: number;
  readonly count: number;
}

export type SecretCounts = Readonly<Partial<Record<Severity, number>>>;

/** The secrets of an image as policy judges them. */
export interface SecretFacts {
  /** Worst first. */
  readonly found: readonly SecretFact[];
  /** Of those that there was no room for in `found`: no exemption can name them. */
  readonly omitted: SecretCounts;
}

export const noSecrets: SecretFacts = { found: [], omitted: {} };

/** How many secrets there are of each severity. */
export function countSecrets({ found, omitted }: SecretFacts): Readonly<Record<Severity, number>> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity, count } of found) counts[severity] += count;
  for (const severity of severities) counts[severity] += omitted[severity] ?? 0;
  return counts;
}

/** Unique in an image, and the same after a re-scan. */
export function secretKey({
  rule,
  path,
  line,
  masked,
  layer,
}: Pick<SecretFinding, 'rule' | 'path' | 'line' | 'masked'> & {
  readonly layer?: { readonly index: number; readonly digest: string } | null;
}): string {
  return JSON.stringify([rule, path, line, masked, layer?.index, layer?.digest]);
}

/** Worst first; then by layer, the config before them, path and line, so that lists are stable. */
export function compareSecrets(a: SecretFinding, b: SecretFinding): number {
  return (
    severityRank(b.severity) - severityRank(a.severity) ||
    (a.layer?.index ?? -1) - (b.layer?.index ?? -1) ||
    compareText(a.path, b.path) ||
    a.line - b.line ||
    compareText(a.rule, b.rule) ||
    compareText(a.masked, b.masked)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
