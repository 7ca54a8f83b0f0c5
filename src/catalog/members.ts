import type { Database } from '../database/database.ts';

/** A role in a namespace (semantics.md §6); the rights that it brings are in accounts/rights.ts. */
export type MemberRole = 'admin' | 'maintainer' | 'developer' | 'auditor' | 'guest';

export interface Member {
  readonly accountId: number;
  readonly account: string;
  readonly role: MemberRole;
}

/** Users with a role here, in order of their names; robots are listed apart. */
export async function listMembers(db: Database, namespaceId: number): Promise<readonly Member[]> {
  const rows = await db
    .selectFrom('namespace_member')
    .innerJoin('account', 'account.id', 'namespace_member.account_id')
    .where('namespace_member.namespace_id', '=', namespaceId)
    .where('account.kind', '=', 'user')
    .select(['account.id', 'account.name', 'namespace_member.role'])
    .orderBy('account.name')
    .execute();
  return rows.map((row) => ({
    accountId: row.id,
    account: row.name,
    role: row.role as MemberRole, // the column's check constraint
  }));
}

/** Adds a member or changes its role. */
export async function setMember(
  db: Database,
  member: { readonly namespaceId: number; readonly accountId: number; readonly role: MemberRole },
): Promise<void> {
  await db
    .insertInto('namespace_member')
    .values({ namespace_id: member.namespaceId, account_id: member.accountId, role: member.role })
    .onConflict((conflict) =>
      conflict.columns(['namespace_id', 'account_id']).doUpdateSet({ role: member.role }),
    )
    .execute();
}

/** False when the account was no member. */
export async function removeMember(
  db: Database,
  member: { readonly namespaceId: number; readonly accountId: number },
): Promise<boolean> {
  const result = await db
    .deleteFrom('namespace_member')
    .where('namespace_id', '=', member.namespaceId)
    .where('account_id', '=', member.accountId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Undefined when the account is no member. */
export async function roleOf(
  db: Database,
  member: { readonly namespaceId: number; readonly accountId: number },
): Promise<MemberRole | undefined> {
  const row = await db
    .selectFrom('namespace_member')
    .select('role')
    .where('namespace_id', '=', member.namespaceId)
    .where('account_id', '=', member.accountId)
    .executeTakeFirst();
  return row === undefined ? undefined : (row.role as MemberRole); // the column's check constraint
}
