import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { recordEvent } from './events.ts';

/** How long before a secret expires an event says so. */
export const expiryWarningDays = 14;
const expiredKeptDays = 30;

/**
 * Records one event, once, for each secret that expires within 14 days; one that was made for less has none. Returns
 * how many.
 */
export async function warnOfExpiringSecrets(db: Database): Promise<number> {
  return await db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{
      id: number;
      name: string;
      expiresAt: Date;
      login: string;
      kind: string;
      namespaceId: number | null;
    }>`
      update access_secret s set warned_at = now() from account a
      where a.id = s.account_id and s.warned_at is null and s.expires_at > now()
        and s.expires_at <= now() + make_interval(days => ${expiryWarningDays})
        and s.expires_at - s.created_at > make_interval(days => ${expiryWarningDays})
      returning s.id, s.name, s.expires_at as "expiresAt", a.name as login, a.kind,
        a.namespace_id as "namespaceId"`.execute(transaction);
    for (const { id, name, expiresAt, login, kind, namespaceId } of rows) {
      await recordEvent(transaction, {
        kind: kind === 'robot' ? 'robot-secret.expiring' : 'access-token.expiring',
        ...(namespaceId === null ? {} : { namespaceId }),
        actor: 'pratique',
        subject: login,
        details: { secretId: id, name, expiresAt: expiresAt.toISOString() },
      });
    }
    return rows.length;
  });
}

/** Deletes secrets that expired 30 days ago: until then lists show why something stopped. Returns how many. */
export async function forgetExpiredSecrets(db: Database): Promise<number> {
  const result = await db
    .deleteFrom('access_secret')
    .where('expires_at', '<', sql<Date>`now() - make_interval(days => ${expiredKeptDays})`)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
