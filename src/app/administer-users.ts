import {
  type Account,
  createAccount,
  deleteAccount,
  isAccountName,
  listAccounts,
  updateAccount,
} from '../accounts/accounts.ts';
import { recordEvent } from '../accounts/events.ts';
import { hashPassword } from '../accounts/password-hash.ts';
import type { Database } from '../database/database.ts';
import { generatePassword } from './admin-account.ts';
import { AdministrationError } from './administration-error.ts';
import { commandLineActor } from './command-line-actor.ts';

const passwordLengthMin = 8;
const pageSize = 500;

/** All users and robots, by name. */
export async function listUsers(db: Database): Promise<readonly Account[]> {
  const all: Account[] = [];
  for (;;) {
    const after = all.at(-1)?.name;
    const { items } = await listAccounts(db, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    all.push(...items);
    if (items.length < pageSize) return all;
  }
}

/** Creates a user; the password is made up when none is given, and returned. Throws `AdministrationError`. */
export async function addUser(
  db: Database,
  user: { readonly name: string; readonly password: string | undefined; readonly isAdmin: boolean },
): Promise<{ readonly password: string }> {
  const { name, isAdmin } = user;
  if (!isAccountName(name)) {
    throw new AdministrationError(
      `Cannot create user "${name}": a name must be 1 to 64 of a–z, 0–9, ".", "_" and "-", beginning and ending with a letter or digit, and not "anonymous"`,
    );
  }
  const password = checkedPassword(user.password);
  const passwordHash = await hashPassword(password);
  await db.transaction().execute(async (transaction) => {
    const { kind } = await createAccount(transaction, { name, passwordHash, isAdmin });
    if (kind === 'exists') throw new AdministrationError(`Cannot create user "${name}": the name is taken`);
    await recordEvent(transaction, {
      kind: 'user.created',
      actor: commandLineActor,
      subject: name,
      details: { isAdmin },
    });
  });
  return { password };
}

/** Sets a password, made up when none is given, and ends the user's sessions. Throws `AdministrationError`. */
export async function setPassword(
  db: Database,
  user: { readonly name: string; readonly password: string | undefined },
): Promise<{ readonly password: string }> {
  const password = checkedPassword(user.password);
  const { kind } = await updateAccount(db, user.name, { passwordHash: await hashPassword(password) });
  if (kind === 'not-found')
    throw new AdministrationError(`Cannot set the password of "${user.name}": there is no such user`);
  const details = { passwordChanged: true };
  await recordEvent(db, { kind: 'user.changed', actor: commandLineActor, subject: user.name, details });
  return { password };
}

/** Throws `AdministrationError` when there is no such user or it is the last admin. */
export async function removeUser(db: Database, name: string): Promise<void> {
  const { kind } = await deleteAccount(db, name);
  if (kind === 'not-found')
    throw new AdministrationError(`Cannot delete user "${name}": there is no such user`);
  if (kind === 'last-admin') {
    throw new AdministrationError(`Cannot delete user "${name}": one system administrator must remain`);
  }
  await recordEvent(db, { kind: 'user.deleted', actor: commandLineActor, subject: name });
}

function checkedPassword(password: string | undefined): string {
  if (password === undefined) return generatePassword();
  if (password.length >= passwordLengthMin) return password;
  throw new AdministrationError(
    `Cannot use the password: it must have at least ${passwordLengthMin} characters, got ${password.length}`,
  );
}
