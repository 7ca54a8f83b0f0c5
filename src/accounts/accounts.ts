import type { Database } from '../database/database.ts';
import { robotLoginPrefix } from './robot-login.ts';
import { endSessions } from './sessions.ts';

/** A user; robots are in robots.ts. The password hash stays in the database. */
export interface Account {
  readonly id: number;
  readonly name: string;
  readonly isAdmin: boolean;
  /** Absent while it may sign in. */
  readonly disabledAt?: Date;
  readonly createdAt: Date;
}

/** Names of users; `:` is left out because Basic authentication ends the name there (RFC 7617 §2). */
const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

/** True when a user may bear the name. `anonymous` is what events call nobody; robots have the prefix to themselves. */
export function isAccountName(text: string): boolean {
  return namePattern.test(text) && text !== 'anonymous' && !text.startsWith(robotLoginPrefix);
}

/** Adds a user; `passwordHash` comes from `hashPassword()`, without one it cannot sign in with a password. */
export async function createAccount(
  db: Database,
  account: {
    readonly name: string;
    readonly passwordHash?: string;
    readonly isAdmin?: boolean;
  },
): Promise<{ readonly kind: 'created'; readonly account: Account } | { readonly kind: 'exists' }> {
  const row = await db
    .insertInto('account')
    .values({
      name: account.name,
      kind: 'user',
      is_admin: account.isAdmin ?? false,
      password_hash: account.passwordHash ?? null,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? { kind: 'exists' } : { kind: 'created', account: asAccount(row) };
}

export async function findAccount(db: Database, name: string): Promise<Account | undefined> {
  const row = await db
    .selectFrom('account')
    .selectAll()
    .where('name', '=', name)
    .where('kind', '=', 'user')
    .executeTakeFirst();
  return row === undefined ? undefined : asAccount(row);
}

/** Users after the name `after` in byte order; `total` counts all. */
export async function listAccounts(
  db: Database,
  page: { readonly after?: string; readonly limit: number },
): Promise<{ readonly items: readonly Account[]; readonly total: number }> {
  const all = db.selectFrom('account').where('kind', '=', 'user');
  const { total } = await all.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rest = page.after === undefined ? all : all.where('name', '>', page.after);
  const rows = await rest.selectAll().orderBy('name').limit(page.limit).execute();
  return { items: rows.map(asAccount), total };
}

export type ChangeAccountResult =
  | { readonly kind: 'changed'; readonly account: Account }
  | { readonly kind: 'not-found' }
  /** It would leave no enabled system admin. */
  | { readonly kind: 'last-admin' };

/**
 * Changes what is given. A new password or a disabling ends every session of the user but the one of `keptSession`, a
 * disabling their tokens too. In a transaction of the caller when there is one, else in its own.
 */
export async function updateAccount(
  db: Database,
  name: string,
  changes: {
    readonly passwordHash?: string;
    readonly isAdmin?: boolean;
    readonly disabled?: boolean;
    /** The token of the session that changes its own password. */
    readonly keptSession?: string | undefined;
  },
): Promise<ChangeAccountResult> {
  return await inTransaction(db, async (transaction) => {
    const current = await lockAccount(transaction, name);
    if (current === undefined) return { kind: 'not-found' };
    const losesAdmin = changes.isAdmin === false || changes.disabled === true;
    if (losesAdmin && (await isLastAdmin(transaction, current))) return { kind: 'last-admin' };
    const row = await transaction
      .updateTable('account')
      .set((eb) => ({
        is_admin: changes.isAdmin ?? current.isAdmin,
        ...(changes.passwordHash === undefined ? {} : { password_hash: changes.passwordHash }),
        ...(changes.disabled === undefined
          ? {}
          : { disabled_at: changes.disabled ? eb.fn<Date>('now', []) : null }),
      }))
      .where('id', '=', current.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    if (changes.passwordHash !== undefined || changes.disabled === true) {
      await endSessions(transaction, { accountId: current.id, keptToken: changes.keptSession });
    }
    if (changes.disabled === true) {
      await transaction.deleteFrom('access_secret').where('account_id', '=', current.id).execute();
    }
    return { kind: 'changed', account: asAccount(row) };
  });
}

/** Deletes an account with its memberships and sessions; its tokens stop working at the next request. Transactions: as above. */
export async function deleteAccount(
  db: Database,
  name: string,
): Promise<{ readonly kind: 'deleted' | 'not-found' | 'last-admin' }> {
  return await inTransaction(db, async (transaction) => {
    const current = await lockAccount(transaction, name);
    if (current === undefined) return { kind: 'not-found' };
    if (await isLastAdmin(transaction, current)) return { kind: 'last-admin' };
    await transaction.deleteFrom('account').where('id', '=', current.id).execute();
    return { kind: 'deleted' };
  });
}

async function inTransaction<Result>(
  db: Database,
  work: (transaction: Database) => Promise<Result>,
): Promise<Result> {
  return db.isTransaction ? await work(db) : await db.transaction().execute(work);
}

async function lockAccount(db: Database, name: string): Promise<Account | undefined> {
  // All admins' rows are locked, in one order, so that two requests cannot take each other's last admin away.
  const rows = await db
    .selectFrom('account')
    .selectAll()
    .where('kind', '=', 'user')
    .where((eb) => eb.or([eb('name', '=', name), eb('is_admin', '=', true)]))
    .orderBy('id')
    .forUpdate()
    .execute();
  const row = rows.find((candidate) => candidate.name === name);
  return row === undefined ? undefined : asAccount(row);
}

async function isLastAdmin(db: Database, account: Account): Promise<boolean> {
  if (!account.isAdmin || account.disabledAt !== undefined) return false;
  const other = await db
    .selectFrom('account')
    .select('id')
    .where('is_admin', '=', true)
    .where('disabled_at', 'is', null)
    .where('id', '<>', account.id)
    .limit(1)
    .executeTakeFirst();
  return other === undefined;
}

function asAccount(row: {
  readonly id: number;
  readonly name: string;
  readonly is_admin: boolean;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
}): Account {
  return {
    id: row.id,
    name: row.name,
    isAdmin: row.is_admin,
    ...(row.disabled_at === null ? {} : { disabledAt: row.disabled_at }),
    createdAt: row.created_at,
  };
}
