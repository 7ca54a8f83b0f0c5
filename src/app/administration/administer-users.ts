import {
  type Account,
  type ChangeAccountResult,
  createAccount,
  deleteAccount,
  findAccount,
  isAccountName,
  listAccounts,
  updateAccount,
} from '../../accounts/accounts.ts';
import { recordEvent } from '../../accounts/events.ts';
import { hashPassword } from '../../accounts/password-hash.ts';
import { passwordFault } from '../../accounts/password-rule.ts';
import { endSessions } from '../../accounts/sessions.ts';
import type { Database } from '../../database/database.ts';
import { generatePassword } from './admin-account.ts';
import { AdministrationError } from './administration-error.ts';
import { commandLineActor } from './command-line-actor.ts';

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
  const password = checkedPassword(user);
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
  const password = checkedPassword(user);
  const passwordHash = await hashPassword(password);
  const details = { passwordChanged: true };
  await change(db, { name: user.name, action: 'set the password of', changes: { passwordHash }, details });
  return { password };
}

/** Disabling ends sessions and revokes access tokens. Throws `AdministrationError`; the last admin stays. */
export async function setUserDisabled(db: Database, name: string, disabled: boolean): Promise<void> {
  const action = disabled ? 'disable' : 'enable';
  await change(db, { name, action, changes: { disabled }, details: { disabled } });
}

/** Ends every session of the user and returns how many there were. Throws `AdministrationError`. */
export async function signUserOut(db: Database, name: string): Promise<number> {
  return await db.transaction().execute(async (transaction) => {
    const account = await findAccount(transaction, name);
    if (account === undefined) throw refusal('sign out', name, 'not-found');
    const ended = await endSessions(transaction, { accountId: account.id });
    const event = { kind: 'session.all-ended', actor: commandLineActor, subject: name };
    await recordEvent(transaction, { ...event, details: { ended } });
    return ended;
  });
}

/** Throws `AdministrationError` when there is no such user or it is the last admin. */
export async function removeUser(db: Database, name: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { kind } = await deleteAccount(transaction, name);
    if (kind !== 'deleted') throw refusal('delete', name, kind);
    await recordEvent(transaction, { kind: 'user.deleted', actor: commandLineActor, subject: name });
  });
}

async function change(
  db: Database,
  wanted: {
    readonly name: string;
    readonly action: string;
    readonly changes: { readonly passwordHash?: string; readonly disabled?: boolean };
    readonly details: unknown;
  },
): Promise<void> {
  const { name, action, changes, details } = wanted;
  await db.transaction().execute(async (transaction) => {
    const { kind } = await updateAccount(transaction, name, changes);
    if (kind !== 'changed') throw refusal(action, name, kind);
    await recordEvent(transaction, {
      kind: 'user.changed',
      actor: commandLineActor,
      subject: name,
      details,
    });
  });
}

function refusal(
  action: string,
  name: string,
  kind: Exclude<ChangeAccountResult['kind'], 'changed'>,
): AdministrationError {
  const reason = kind === 'not-found' ? 'there is no such user' : 'one system administrator must remain';
  return new AdministrationError(`Cannot ${action} user "${name}": ${reason}`);
}

function checkedPassword(user: { readonly name: string; readonly password: string | undefined }): string {
  if (user.password === undefined) return generatePassword();
  const fault = passwordFault(user.password, user.name);
  if (fault === undefined) return user.password;
  throw new AdministrationError(`Cannot use the password: ${fault}`);
}
