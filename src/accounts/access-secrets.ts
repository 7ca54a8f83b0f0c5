import { createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Principal } from './rights.ts';
import { isSecretText, makeSecretText, type SecretOwner } from './secret-text.ts';

/** What the secret lets its account do: all that the account may, or read and pull. */
export type SecretScope = 'full' | 'read-only';

/** A secret of a robot or an access token of a user, without its text. */
export interface AccessSecret {
  readonly id: number;
  readonly accountId: number;
  readonly name: string;
  readonly scope: SecretScope;
  readonly createdAt: Date;
  /** Absent: never. */
  readonly expiresAt?: Date;
  /** To the minute; a token of `docker login` counts when it is fetched. Absent: never used. */
  readonly lastUsedAt?: Date;
}

export type CreateSecretResult =
  /** `text` is nowhere else: it is shown this once. */
  | { readonly kind: 'created'; readonly secret: AccessSecret; readonly text: string }
  | { readonly kind: 'too-many' };

/** Room for rotation; an expired one counts until it is revoked or forgotten. */
export const secretsPerAccountMax = 50;

/** A new key for the hashes, to be stored sealed. */
export function createSecretHashKey(): Buffer {
  return randomBytes(32);
}

/**
 * Secrets made by us with 256 random bits. Only a keyed hash is stored: it needs no salt and no slowness, since nobody
 * can try 2^256 texts. Nothing is cached, so that a revoked secret ends with the request that is running.
 */
export class AccessSecrets {
  readonly #key: Buffer;

  constructor(options: { readonly key: Buffer }) {
    this.#key = options.key;
  }

  /** Call it in a transaction: the account's row is locked, so that the count holds. */
  async create(
    db: Database,
    wanted: {
      readonly accountId: number;
      readonly owner: SecretOwner;
      readonly name: string;
      readonly scope: SecretScope;
      readonly expiresAt?: Date;
    },
  ): Promise<CreateSecretResult> {
    const { accountId, owner, name, scope, expiresAt } = wanted;
    await db.selectFrom('account').select('id').where('id', '=', accountId).forUpdate().execute();
    const { count } = await db
      .selectFrom('access_secret')
      .where('account_id', '=', accountId)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count >= secretsPerAccountMax) return { kind: 'too-many' };
    const text = makeSecretText(owner);
    const row = await db
      .insertInto('access_secret')
      .values({
        account_id: accountId,
        name,
        scope,
        secret_hash: this.#hash(text),
        expires_at: expiresAt ?? null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { kind: 'created', secret: asSecret(row), text };
  }

  /**
   * The account whose secret this is, if both may be used now and it has the `login`, when one is given; that is noted as
   * a use, at most once a minute.
   */
  async signIn(
    db: Database,
    text: string,
    login?: string,
  ): Promise<Extract<Principal, { readonly kind: 'account' }> | undefined> {
    if (!isSecretText(text)) return undefined;
    const { rows } = await sql<{
      secretId: number;
      scope: string;
      accountId: number;
      name: string;
      isAdmin: boolean;
      isUseDue: boolean;
    }>`
      select s.id as "secretId", s.scope, a.id as "accountId", a.name, a.is_admin as "isAdmin",
        coalesce(s.last_used_at < now() - interval '1 minute', true) as "isUseDue"
      from access_secret s join account a on a.id = s.account_id
      where s.secret_hash = ${this.#hash(text)} and coalesce(s.expires_at > now(), true)
        and a.disabled_at is null`.execute(db);
    const [row] = rows;
    if (row === undefined || (login !== undefined && row.name !== login)) return undefined;
    if (row.isUseDue) await noteUse(db, row.secretId);
    const { accountId, name, isAdmin } = row;
    const secret = { id: row.secretId, isReadOnly: row.scope !== 'full' };
    return { kind: 'account', accountId, name, isAdmin, secret };
  }

  #hash(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

/** Those of the accounts, oldest first, expired ones too. */
export async function listSecrets(
  db: Database,
  accountIds: readonly number[],
): Promise<readonly AccessSecret[]> {
  if (accountIds.length === 0) return [];
  const rows = await db
    .selectFrom('access_secret')
    .selectAll()
    .where('account_id', 'in', [...accountIds])
    .orderBy('id')
    .execute();
  return rows.map(asSecret);
}

/** Ends it and every token that it bought; undefined when the account has none of that id. */
export async function revokeSecret(
  db: Database,
  secret: { readonly accountId: number; readonly id: number },
): Promise<AccessSecret | undefined> {
  const row = await db
    .deleteFrom('access_secret')
    .where('id', '=', secret.id)
    .where('account_id', '=', secret.accountId)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : asSecret(row);
}

async function noteUse(db: Database, id: number): Promise<void> {
  await sql`
    update access_secret set last_used_at = now()
    where id = ${id} and coalesce(last_used_at < now() - interval '1 minute', true)`.execute(db);
}

function asSecret(row: {
  readonly id: number;
  readonly account_id: number;
  readonly name: string;
  readonly scope: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}): AccessSecret {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    scope: row.scope as SecretScope, // the column's check constraint
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  };
}
