import type { DatabaseConnection } from '../../database/database.ts';
import { feedNames } from '../feed-names.ts';
import { writeFailedAttempt } from './feed-row.ts';
import type { FeedOutcome } from './sync-result.ts';

/** One reason for which no feed could be brought up to date: each keeps what it has, and says why. */
export async function noteFailedUpdate(
  connection: DatabaseConnection,
  failure: {
    readonly beganAt: Date;
    readonly at: Date;
    readonly error: string;
    readonly isUnreachable: boolean;
  },
): Promise<readonly FeedOutcome[]> {
  const { error } = failure;
  const client = await connection.pool.connect();
  try {
    const { rows } = await client.query<{ name: string }>('select name from feed order by name');
    const outcomes: FeedOutcome[] = [];
    for (const name of new Set([feedNames.ecosystems, ...rows.map((row) => row.name)])) {
      const { recordCount } = await writeFailedAttempt(client, { name, ...failure });
      const outcome = { name, kind: 'failed', records: recordCount, skipped: 0, error } as const;
      outcomes.push(failure.isUnreachable ? { ...outcome, isUnreachable: true } : outcome);
    }
    return outcomes;
  } finally {
    client.release();
  }
}

/** These feeds were found to be what their source has, whose own age is what it was. */
export async function noteUnchanged(
  connection: DatabaseConnection,
  attempt: { readonly names: readonly string[]; readonly at: Date },
): Promise<void> {
  await connection.db
    .updateTable('feed')
    .set({ last_attempt_at: attempt.at, last_error: null, failures: 0, is_unreachable: false })
    .where('name', 'in', [...attempt.names])
    .execute();
}
