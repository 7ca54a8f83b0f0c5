import type { ImageFacts, PackageFacts } from './image-facts.ts';
import type { Severity, SeverityRating, SeveritySource } from './severity.ts';
import type { SeverityOrder } from './severity-order.ts';
import {
  decidingSource,
  type SourceSeverities,
  severitiesBySource,
  severityIn,
} from './source-severities.ts';

interface Rated {
  readonly severity: Severity;
  readonly sourceSeverities?: SourceSeverities;
}

/** With the severity that `order` chooses; the same object where that is its own already. */
export function ratedIn<Found extends Rated>(found: Found, order: SeverityOrder): Found {
  if (found.sourceSeverities === undefined) return found;
  const severity = severityIn(found.sourceSeverities, order);
  return severity === found.severity ? found : { ...found, severity };
}

/** How a severity came about, for people. */
export interface RatingReasons {
  /** Whose rating is shown; absent: no source in the order rates it, or it is not known yet who does. */
  readonly severitySource?: SeveritySource;
  /** What each source says, the worst where it says several things. */
  readonly ratings: readonly Pick<SeverityRating, 'source' | 'severity'>[];
}

export function ratingReasons(packed: SourceSeverities | undefined, order: SeverityOrder): RatingReasons {
  if (packed === undefined) return { ratings: [] };
  const source = decidingSource(packed, order);
  return {
    ...(source === undefined ? {} : { severitySource: source }),
    ratings: severitiesBySource(packed),
  };
}

/** The packages with their vulnerabilities rated by `order`. */
export function packagesRatedIn(
  packages: readonly PackageFacts[],
  order: SeverityOrder,
): readonly PackageFacts[] {
  return packages.map((one) => ({
    ...one,
    vulnerabilities: one.vulnerabilities.map((found) => ratedIn(found, order)),
  }));
}

/** What a namespace judges an image by: its facts, rated by its order; undefined: the default order, which facts are in. */
export function factsRatedIn(facts: ImageFacts, order: SeverityOrder | undefined): ImageFacts {
  return order === undefined ? facts : { ...facts, packages: packagesRatedIn(facts.packages, order) };
}
