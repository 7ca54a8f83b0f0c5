import { type RawBuilder, sql } from 'kysely';
import { type SeveritySource, severities, severityRank, severitySources } from '../report/severity.ts';
import type { SeverityOrder } from '../report/severity-order.ts';
import { severityShiftOf } from '../report/source-severities.ts';

/** Columns of what is rated: the severity by the default order, and what each source says; null: not recorded. */
export interface RatedColumns {
  readonly severity: RawBuilder<unknown>;
  readonly sourceSeverities: RawBuilder<unknown>;
}

/** In SQL, `severityRank()` by the order, as `severityIn()` chooses; null where `severity` is. */
export function severityRankBy(
  order: SeverityOrder | undefined,
  { severity, sourceSeverities }: RatedColumns,
): RawBuilder<number> {
  const words = severities.map((one) => sql`when ${one} then ${severityRank(one)}::int`);
  const chosen = sql<number>`case ${severity} ${sql.join(words, sql` `)} end`;
  if (order === undefined) return chosen;
  const bitsOf = (source: SeveritySource) =>
    sql`(${sourceSeverities} >> ${severityShiftOf(source)}::int) & 7`;
  const rated = order.map((choice) =>
    choice === 'highest'
      ? sql`nullif(greatest(${sql.join(severitySources.map(bitsOf))}), 0)`
      : sql`nullif(${bitsOf(choice)}, 0)`,
  );
  return sql`case when ${sourceSeverities} is null then ${chosen} else coalesce(${sql.join(rated)}, 0) end`;
}
