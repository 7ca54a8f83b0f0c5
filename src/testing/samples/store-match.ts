import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { FixState } from '../../report/finding.ts';
import type { Severity } from '../../report/severity.ts';

export interface MatchToStore {
  readonly packageId: number;
  readonly vulnerabilityId: string;
  readonly advisoryId: string;
  readonly aliases: readonly string[];
  readonly severity: Severity;
  readonly sourceSeverities?: number;
  readonly fixedVersion?: string | undefined;
  readonly fixState: FixState;
  readonly firstSeenAt?: Date;
}

/** Stores that a vulnerability affects a package, unless it is stored already. */
export async function storeMatch(db: Database, match: MatchToStore): Promise<void> {
  const held = await db
    .selectFrom('package_match')
    .select('detail_id')
    .where('package_id', '=', match.packageId)
    .where('vulnerability_id', '=', match.vulnerabilityId)
    .executeTakeFirst();
  if (held !== undefined) return;
  await sql`
    with detail as (
      insert into match_detail (vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version,
        fix_state)
      values (${match.vulnerabilityId}, ${match.advisoryId}, 'affected', ${match.aliases}::text[], ${match.severity},
        ${match.sourceSeverities ?? null}, ${match.fixedVersion ?? null}, ${match.fixState})
      returning id)
    insert into stored_match (package_id, detail_id, first_seen_at)
    select ${match.packageId}, id, ${match.firstSeenAt ?? new Date()} from detail`.execute(db);
}
