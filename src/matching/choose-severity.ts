import { type Severity, type SeverityRating, severityRank } from '../report/severity.ts';

/** Whose rating counts first: the distribution, then the ecosystem, then CVSS from new to old (semantics.md §1). */
export const defaultSeverityOrder: readonly SeverityRating['source'][] = [
  'vendor',
  'ecosystem',
  'cvss-v4',
  'cvss-v3',
  'cvss-v2',
];

/** The severity to show: the worst rating of the first source in `order` that gives one; `unknown` when none does. */
export function chooseSeverity(
  ratings: readonly SeverityRating[],
  order: readonly SeverityRating['source'][] = defaultSeverityOrder,
): Severity {
  for (const source of order) {
    const severity = worstOf(ratings.filter((rating) => rating.source === source));
    if (severity !== 'unknown') return severity;
  }
  return 'unknown';
}

function worstOf(ratings: readonly SeverityRating[]): Severity {
  return ratings.reduce<Severity>(
    (worst, { severity }) => (severityRank(severity) > severityRank(worst) ? severity : worst),
    'unknown',
  );
}
