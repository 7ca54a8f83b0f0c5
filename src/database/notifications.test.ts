import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { Notifications, notify } from './notifications.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

describe('Notifications', () => {
  it('delivers what was committed, in order, to the subscribers of the channel', async () => {
    const notifications = new Notifications({ config: database.config });
    const seen: string[] = [];
    notifications.subscribe('early', (payload) => seen.push(`early ${payload}`));
    await notifications.start();
    const end = notifications.subscribe('late', (payload) => seen.push(`late ${payload}`));
    expect(notifications.isListening()).toBe(false);
    await expect.poll(() => notifications.isListening()).toBe(true);
    const rolledBack = database.db.transaction().execute(async (transaction) => {
      await notify(transaction, 'early', '0');
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await notify(database.db, 'early', '1');
    await notify(database.db, 'late', '2');
    await notify(database.db, 'other', '3');
    await expect.poll(() => seen).toEqual(['early 1', 'late 2']);
    end();
    await notify(database.db, 'late', '4');
    await notify(database.db, 'early', '5');
    await expect.poll(() => seen).toEqual(['early 1', 'late 2', 'early 5']);
    await notifications.close();
  });

  it('reconnects when its connection breaks, and tells subscribers that they may have missed something', async () => {
    const errors: unknown[] = [];
    const notifications = new Notifications({
      config: { ...database.config, application_name: 'broken listener' },
      onError: (error) => errors.push(error),
    });
    const seen: string[] = [];
    notifications.subscribe(
      'channel',
      (payload) => seen.push(payload),
      () => seen.push('missed'),
    );
    await notifications.start();
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'broken listener'`,
    );
    await expect.poll(() => seen).toEqual(['missed']);
    expect(notifications.isListening()).toBe(true);
    await notify(database.db, 'channel', 'after');
    await expect.poll(() => seen).toEqual(['missed', 'after']);
    expect(errors).toHaveLength(1);
    await notifications.close();
    expect(notifications.isListening()).toBe(false);
  });
});
