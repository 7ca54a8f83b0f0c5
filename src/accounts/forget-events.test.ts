import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { recordEvent } from './events.ts';
import { forgetEvents } from './forget-events.ts';

let database: TemporaryDatabase;

beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

it('forgetEvents() keeps the audit log longer than notices, and what is young', async () => {
  const { db, pool } = database;
  for (const kind of ['pull.blocked', 'user.created'])
    for (const days of [1, 100, 500]) {
      await recordEvent(db, { kind, actor: 'a test', subject: String(days) });
      await pool.query(
        `update event set at = now() - $1::int * interval '1 day' where subject = $1::int::text`,
        [days],
      );
    }
  expect(await forgetEvents(db, { noticeDays: 0, auditDays: 0 })).toBe(0);
  expect(await forgetEvents(db, { noticeDays: 90, auditDays: 400 })).toBe(3);
  const left = await db.selectFrom('event').select(['kind', 'subject']).orderBy('id').execute();
  expect(left).toEqual([
    { kind: 'pull.blocked', subject: '1' },
    { kind: 'user.created', subject: '1' },
    { kind: 'user.created', subject: '100' },
  ]);
});
