import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

export interface LoginLimits {
  readonly windowSeconds: number;
  /** Failed tries for one account from one address. */
  readonly perAccountAndAddress: number;
  /** Failed tries from one address, over all accounts. */
  readonly perAddress: number;
}

export const defaultLoginLimits: LoginLimits = {
  windowSeconds: 60,
  perAccountAndAddress: 10,
  perAddress: 50,
};

export type LoginTry =
  | { readonly kind: 'allowed' /** Takes the try back: the password was right. */; succeed(): Promise<void> }
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number };

/**
 * Counts a try before its password is checked, so that parallel guesses count too, over all replicas. An account is
 * limited per address only: nobody can lock its owner out from elsewhere (threats.md A17).
 */
export async function beginLogin(
  db: Database,
  login: { readonly account: string; readonly address: string; readonly limits?: LoginLimits },
): Promise<LoginTry> {
  const limits = login.limits ?? defaultLoginLimits;
  const pairKey = keyOf(['pair', login.account, login.address]);
  const addressKey = keyOf(['address', login.address]);
  const counted = await sql<{ key: string; tries: number; seconds: number }>`
    insert into login_attempt as a (key, tries, window_ends_at)
    select key, 1, now() + make_interval(secs => ${limits.windowSeconds})
    from unnest(array[${addressKey}, ${pairKey}]::text[]) as key order by key
    on conflict (key) do update set
      tries = case when a.window_ends_at <= now() then 1 else a.tries + 1 end,
      window_ends_at = case when a.window_ends_at <= now() then excluded.window_ends_at else a.window_ends_at end
    returning key, tries, ceil(extract(epoch from window_ends_at - now()))::int as seconds`.execute(db);
  const limited = counted.rows.filter(
    (row) => row.tries > (row.key === pairKey ? limits.perAccountAndAddress : limits.perAddress),
  );
  if (limited.length > 0) {
    return { kind: 'limited', retryAfterSeconds: Math.max(1, ...limited.map((row) => row.seconds)) };
  }
  return {
    kind: 'allowed',
    succeed: async () => {
      await sql`
        with ended as (delete from login_attempt where key = ${pairKey})
        update login_attempt set tries = greatest(tries - 1, 0) where key = ${addressKey}`.execute(db);
    },
  };
}

/** Deletes counts whose window has ended; returns how many. */
export async function forgetEndedLogins(db: Database): Promise<number> {
  const result = await db
    .deleteFrom('login_attempt')
    .where('window_ends_at', '<', sql<Date>`now()`)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** A hash: what is typed as a name may be a password. */
function keyOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
