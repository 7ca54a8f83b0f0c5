import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Principal } from './rights.ts';

/** A console session: the token goes into the cookie, the CSRF token into a header of every mutating call. */
export interface NewSession {
  readonly token: string;
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

export interface Session {
  readonly principal: Extract<Principal, { kind: 'account' }>;
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

/** Opens a session; only a hash of its token is stored. Expired sessions of the account go at the same time. */
export async function createSession(
  db: Database,
  wanted: { readonly accountId: number; readonly ttlMs: number; readonly now: Date },
): Promise<NewSession> {
  const token = randomBytes(32).toString('base64url');
  const csrfToken = randomBytes(32).toString('base64url');
  const expiresAt = new Date(wanted.now.getTime() + wanted.ttlMs);
  await db
    .deleteFrom('session')
    .where('account_id', '=', wanted.accountId)
    .where('expires_at', '<=', wanted.now)
    .execute();
  await db
    .insertInto('session')
    .values({
      token_hash: hashToken(token),
      account_id: wanted.accountId,
      csrf_token: csrfToken,
      expires_at: expiresAt,
    })
    .execute();
  return { token, csrfToken, expiresAt };
}

/** Undefined when the token is unknown or expired, or its account is disabled. */
export async function findSession(
  db: Database,
  asked: { readonly token: string; readonly now: Date },
): Promise<Session | undefined> {
  const row = await db
    .selectFrom('session')
    .innerJoin('account', 'account.id', 'session.account_id')
    .where('session.token_hash', '=', hashToken(asked.token))
    .where('session.expires_at', '>', asked.now)
    .where('account.disabled_at', 'is', null)
    .select(['account.id', 'account.name', 'account.is_admin', 'session.csrf_token', 'session.expires_at'])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    principal: { kind: 'account', accountId: row.id, name: row.name, isAdmin: row.is_admin },
    csrfToken: row.csrf_token,
    expiresAt: row.expires_at,
  };
}

/** Ends a session; an unknown token is no error. */
export async function deleteSession(db: Database, token: string): Promise<void> {
  await db.deleteFrom('session').where('token_hash', '=', hashToken(token)).execute();
}

/** Compares in constant time. */
export function isCsrfTokenOf(session: Session, text: string): boolean {
  return timingSafeEqual(hashToken(session.csrfToken), hashToken(text));
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
