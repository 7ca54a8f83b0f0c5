import type { AffectedPackage } from '../../matching/advisory.ts';
import type { SeverityRating } from '../../report/severity.ts';
import { isDistributionEcosystem } from './distribution-ecosystems.ts';
import { ratingOfStatement, wordRating } from './record-ratings.ts';

/** A record as it is stored. */
export interface RatedRecord {
  readonly id: string;
  /** Canonical ids and all others. */
  readonly vulnerabilities: readonly string[];
  readonly aliases: readonly string[];
  /** Those of `recordRatings()`. */
  readonly ratings: readonly SeverityRating[];
}

/** What a record says of one of its packages: first of this very package, in words and vectors, then of itself. */
export function packageRatings(
  record: RatedRecord,
  { ecosystem, affected }: { readonly ecosystem: string; readonly affected: AffectedPackage },
): readonly SeverityRating[] {
  const source = isDistributionEcosystem(ecosystem) ? 'vendor' : 'ecosystem';
  const word = affected.urgency === undefined ? undefined : wordRating(record.id, source, affected.urgency);
  const ratings = [
    ...(word === undefined ? [] : [word]),
    ...(affected.severity ?? []).flatMap((statement) => ratingOfStatement(record.id, statement) ?? []),
    ...record.ratings,
  ];
  return ratings.length === 0 && reportsNoFlaw(record, affected)
    ? [{ source, record: record.id, severity: 'negligible' }]
    : ratings;
}

/**
 * RustSec warns that nobody maintains the package, and nobody else knows of anything; its own tool counts that as no
 * vulnerability. `unsound` and `notice` do report flaws, and stay unrated.
 */
function reportsNoFlaw(
  { id, vulnerabilities, aliases }: RatedRecord,
  { informational }: AffectedPackage,
): boolean {
  return informational === 'unmaintained' && [...vulnerabilities, ...aliases].every((known) => known === id);
}
