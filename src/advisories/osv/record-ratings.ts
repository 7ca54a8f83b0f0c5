import type { SeverityStatement } from '../../matching/advisory.ts';
import type { SeverityRating } from '../../report/severity.ts';
import { cvssRating, severityOfScore } from './cvss-rating.ts';
import { isDistributionEcosystem } from './distribution-ecosystems.ts';
import type { OsvRecord } from './osv-record.ts';
import { severityOfWord } from './severity-word.ts';

/** Every rating that a record bears of itself, in the record's order: CVSS vectors, then words, then bare scores. */
export function recordRatings(record: OsvRecord): readonly SeverityRating[] {
  const vectors = record.severity.flatMap((statement) => ratingOfStatement(record.id, statement) ?? []);
  return [...vectors, ...wordsOf(record), ...bareScoresOf(record, vectors)];
}

/** An element of OSV's `severity`: a CVSS vector, or (type `Ubuntu`) a distribution's word. Undefined: it rates nothing. */
export function ratingOfStatement(
  record: string,
  { type, score }: SeverityStatement,
): SeverityRating | undefined {
  return type.startsWith('CVSS_')
    ? cvssRating({ record, vector: score })
    : wordRating(record, 'vendor', score);
}

function wordsOf(record: OsvRecord): readonly SeverityRating[] {
  const source = isVendorRecord(record) ? 'vendor' : 'ecosystem';
  const stated = record.databaseSpecific['severity'];
  const word = typeof stated === 'string' ? stated : erratumWord(record);
  const rating = word === undefined ? undefined : wordRating(record.id, source, word);
  return rating === undefined ? [] : [rating];
}

export function wordRating(
  record: string,
  source: SeverityRating['source'],
  word: string,
): SeverityRating | undefined {
  const severity = severityOfWord(word);
  return severity === undefined ? undefined : { source, record, severity };
}

/** Errata of the Red Hat family rate themselves only in their title: `Important: pcp security update`. */
function erratumWord(record: OsvRecord): string | undefined {
  if (!isVendorRecord(record)) return undefined;
  return /^(Critical|Important|Moderate|Low): /.exec(record.summary)?.[1];
}

function isVendorRecord(record: OsvRecord): boolean {
  return record.affected.length > 0 && record.affected.every((one) => isDistributionEcosystem(one.ecosystem));
}

const bareScores = [
  ['cvss_v4', 'cvss-v4'],
  ['cvss_v3', 'cvss-v3'],
  ['cvss_v2', 'cvss-v2'],
] as const;

/** Sources without vectors (ruby-advisory-db) state scores as numbers; a vector of the same version is worth more. */
function bareScoresOf(record: OsvRecord, vectors: readonly SeverityRating[]): readonly SeverityRating[] {
  return bareScores.flatMap(([field, source]) => {
    const score = record.databaseSpecific[field];
    if (typeof score !== 'number' || score < 0 || score > 10) return [];
    if (vectors.some((rating) => rating.source === source)) return [];
    return [{ source, record: record.id, severity: severityOfScore(source, score), score }];
  });
}
