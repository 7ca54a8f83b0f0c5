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
  readonly id: number;
  readonly principal: Extract<Principal, { kind: 'account' }>;
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

/** A session as its owner sees it in a list. */
export interface ListedSession {
  readonly id: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** To the minute; absent: not used yet. */
  readonly lastUsedAt?: Date;
  /** Address and user agent that opened it. */
  readonly client?: string;
}

const useGrainMs = 60_000;

/** Opens a session; only a hash of its token is stored. Expired sessions of the account go at the same time. */
export async function createSession(
  db: Database,
  wanted: {
    readonly accountId: number;
    readonly ttlMs: number;
    readonly now: Date;
    /** Address and user agent. */
    readonly client?: string;
  },
): Promise<NewSession> {
  const token = randomBytes(32).toString('base64url');
  const csrfToken = csrfTokenOf(token);
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
      csrf_token: '', // earlier versions kept it here
      created_at: wanted.now,
      expires_at: expiresAt,
      client: wanted.client ?? null,
    })
    .execute();
  return { token, csrfToken, expiresAt };
}

/** Undefined when the token is unknown or expired, or its account is disabled. A use is noted once a minute. */
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
    .select(['account.id', 'account.name', 'account.is_admin', 'session.expires_at'])
    .select(['session.id as sessionId', 'session.last_used_at'])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (asked.now.getTime() - (row.last_used_at?.getTime() ?? 0) >= useGrainMs) {
    await db
      .updateTable('session')
      .set({ last_used_at: asked.now })
      .where('id', '=', row.sessionId)
      .execute();
  }
  return {
    id: row.sessionId,
    principal: { kind: 'account', accountId: row.id, name: row.name, isAdmin: row.is_admin },
    csrfToken: csrfTokenOf(asked.token),
    expiresAt: row.expires_at,
  };
}

/** Those of the account that have not ended, newest first. */
export async function listSessions(
  db: Database,
  asked: { readonly accountId: number; readonly now: Date },
): Promise<readonly ListedSession[]> {
  const rows = await db
    .selectFrom('session')
    .select(['id', 'created_at', 'expires_at', 'last_used_at', 'client'])
    .where('account_id', '=', asked.accountId)
    .where('expires_at', '>', asked.now)
    .orderBy('id', 'desc')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...(row.client === null ? {} : { client: row.client }),
  }));
}

/** Ends a session; an unknown token is no error. */
export async function deleteSession(db: Database, token: string): Promise<void> {
  await db.deleteFrom('session').where('token_hash', '=', hashToken(token)).execute();
}

/** False when the account has no session of that id. */
export async function endSession(
  db: Database,
  session: { readonly accountId: number; readonly id: number },
): Promise<boolean> {
  const result = await db
    .deleteFrom('session')
    .where('account_id', '=', session.accountId)
    .where('id', '=', session.id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Ends those of the account, all but the one of `keptToken`; returns how many. */
export async function endSessions(
  db: Database,
  of: { readonly accountId: number; readonly keptToken?: string | undefined },
): Promise<number> {
  const all = db.deleteFrom('session').where('account_id', '=', of.accountId);
  const ended = of.keptToken === undefined ? all : all.where('token_hash', '<>', hashToken(of.keptToken));
  return Number((await ended.executeTakeFirst()).numDeletedRows);
}

/** Compares in constant time. */
export function isCsrfTokenOf(session: Session, text: string): boolean {
  return timingSafeEqual(hashToken(session.csrfToken), hashToken(text));
}

/** Made of the session's token, so that it needs no place in the database; the token cannot be told from it. */
function csrfTokenOf(token: string): string {
  return createHash('sha256').update(`csrf ${token}`).digest('base64url');
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
