import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createAccount, findAccount, listAccounts, updateAccount } from '../../accounts/accounts.ts';
import { hashPassword, verifyPassword } from '../../accounts/password-hash.ts';
import type { Database } from '../../database/database.ts';
import { writeAdminPassword } from '../data-folder.ts';
import type { Secret } from '../settings/secret.ts';

export const adminName = 'admin';

/** Letters and digits of 144 random bits; nothing that a shell or a URL would take apart. */
export function generatePassword(): string {
  return randomBytes(18).toString('base64url').replaceAll('-', 'x').replaceAll('_', 'y');
}

/**
 * Sees to it that somebody can sign in: with a configured password `admin` has that one; without, the first start
 * makes `admin` with a random one, which is returned together with the file it was written to, this once.
 */
export async function ensureAdmin(
  db: Database,
  options: { readonly dataFolder: string; readonly password: Secret | undefined },
): Promise<{ readonly password: string; readonly file: string } | undefined> {
  if (options.password !== undefined) {
    await setAdminPassword(db, options.password.reveal());
    return undefined;
  }
  const { total } = await listAccounts(db, { limit: 1 });
  if (total > 0) return undefined;
  const password = generatePassword();
  const passwordHash = await hashPassword(password);
  const file = await writeAdminPassword(options.dataFolder, password);
  const result = await createAccount(db, { name: adminName, passwordHash, isAdmin: true });
  if (result.kind === 'created') return { password, file };
  // Another replica on the same database was faster.
  await rm(file, { force: true });
  return undefined;
}

async function setAdminPassword(db: Database, password: string): Promise<void> {
  const row = await db
    .selectFrom('account')
    .select(['password_hash', 'is_admin', 'disabled_at'])
    .where('name', '=', adminName)
    .executeTakeFirst();
  const isSet =
    row?.is_admin === true &&
    row.disabled_at === null &&
    (await verifyPassword(password, row.password_hash ?? ''));
  if (isSet) return;
  const passwordHash = await hashPassword(password);
  if ((await findAccount(db, adminName)) === undefined) {
    const { kind } = await createAccount(db, { name: adminName, passwordHash, isAdmin: true });
    if (kind === 'created') return;
  }
  await updateAccount(db, adminName, { passwordHash, isAdmin: true, disabled: false });
}
