import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSession } from '../../accounts/sessions.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import {
  addUser,
  listUsers,
  removeUser,
  setPassword,
  setUserDisabled,
  signUserOut,
} from './administer-users.ts';
import { readEvents } from './read-events.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

describe('users by the command line', () => {
  it('are made, signed out, disabled, enabled and deleted; each change is an event', async () => {
    const { db } = database;
    await addUser(db, { name: 'root', password: undefined, isAdmin: true });
    await addUser(db, { name: 'dora', password: 'dora likes long ones', isAdmin: false });
    const [dora] = await listUsers(db);
    const now = new Date();
    for (const _ of Array(2).keys()) await createSession(db, { accountId: dora?.id ?? 0, ttlMs: 1e6, now });
    expect(await signUserOut(db, 'dora')).toBe(2);
    await setUserDisabled(db, 'dora', true);
    expect((await listUsers(db))[0]?.disabledAt).toBeDefined();
    await setUserDisabled(db, 'dora', false);
    await removeUser(db, 'dora');
    const events = await readEvents(db, { subject: 'dora', limit: 10 });
    expect(events.map(({ kind }) => kind)).toEqual([
      'user.deleted',
      'user.changed',
      'user.changed',
      'session.all-ended',
      'user.created',
    ]);
    expect(await readEvents(db, { subject: 'dora', kind: 'session', limit: 10 })).toHaveLength(1);
    await expect(readEvents(db, { namespace: 'absent', limit: 1 })).rejects.toThrow(
      'there is none of that name',
    );
  });

  it('are refused with the reason, and no event', async () => {
    const { db } = database;
    const before = await readEvents(db, { limit: 100 });
    await expect(setUserDisabled(db, 'root', true)).rejects.toThrow(
      'Cannot disable user "root": one system administrator must remain',
    );
    await expect(signUserOut(db, 'nobody')).rejects.toThrow(
      'Cannot sign out user "nobody": there is no such user',
    );
    await expect(setPassword(db, { name: 'root', password: 'password123' })).rejects.toThrow(
      'Cannot use the password: it must not be one of those that are guessed first',
    );
    await expect(removeUser(db, 'root')).rejects.toThrow('one system administrator must remain');
    expect(await readEvents(db, { limit: 100 })).toEqual(before);
  });
});
