import type { ImageFacts, PackageFacts } from './image-facts.ts';
import type { Severity } from './severity.ts';
import type { SeverityOrder } from './severity-order.ts';
import { type SourceSeverities, severityIn } from './source-severities.ts';

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
