import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** Who a credential was issued to: the account, and the access secret that proved it. */
export interface Holder {
  readonly accountId: number;
  readonly secretId?: number;
}

/** Undefined when the account is gone or disabled, or its access secret revoked or expired. */
export async function findLiveAccount(
  db: Database,
  holder: Holder,
): Promise<{ readonly isAdmin: boolean } | undefined> {
  const { rows } = await sql<{ isAdmin: boolean }>`
    select a.is_admin as "isAdmin" from account a
    where a.id = ${holder.accountId} and a.disabled_at is null
      and (${holder.secretId ?? null}::bigint is null or exists (
        select from access_secret s where s.id = ${holder.secretId ?? null}::bigint and s.account_id = a.id
          and coalesce(s.expires_at > now(), true)))`.execute(db);
  return rows[0];
}
