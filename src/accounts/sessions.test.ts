import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { createAccount, updateAccount } from './accounts.ts';
import { listEvents, recordEvent } from './events.ts';
import { ensureSealedSecret, readSealedSecret, SealedSecretError, seal, unseal } from './sealed-secrets.ts';
import {
  createSession,
  deleteSession,
  endSession,
  endSessions,
  findSession,
  isCsrfTokenOf,
  listSessions,
} from './sessions.ts';

let database: TemporaryDatabase;
let accountId: number;
const now = new Date(Date.UTC(2026, 0, 1));
beforeAll(async () => {
  database = await createTemporaryDatabase();
  const made = await createAccount(database.db, { name: 'dev' });
  if (made.kind !== 'created') throw new Error('dev exists');
  accountId = made.account.id;
});
afterAll(() => database.drop());

describe('sessions', () => {
  it('are found by their token until they end, and keep no token in the database', async () => {
    const { token, csrfToken, expiresAt } = await createSession(database.db, {
      accountId,
      ttlMs: 1_000,
      now,
    });
    const session = await findSession(database.db, { token, now });
    expect(session).toEqual({
      id: expect.any(Number),
      principal: { kind: 'account', accountId, name: 'dev', isAdmin: false },
      csrfToken,
      expiresAt,
    });
    expect(await findSession(database.db, { token, now: new Date(now.getTime() + 1_000) })).toBeUndefined();
    expect(await findSession(database.db, { token: 'other', now })).toBeUndefined();
    const { rows } = await database.pool.query('select * from session');
    for (const secret of [token, csrfToken]) expect(JSON.stringify(rows)).not.toContain(secret);
    if (session === undefined) throw new Error('no session');
    expect([isCsrfTokenOf(session, csrfToken), isCsrfTokenOf(session, token)]).toEqual([true, false]);
    await deleteSession(database.db, token);
    expect(await findSession(database.db, { token, now })).toBeUndefined();
  });

  it('end when the account is disabled or gets another password', async () => {
    for (const changes of [{ disabled: true }, { disabled: false, passwordHash: 'x' }]) {
      const { token } = await createSession(database.db, { accountId, ttlMs: 1_000, now });
      await updateAccount(database.db, 'dev', changes);
      expect(await findSession(database.db, { token, now })).toBeUndefined();
    }
  });
});

describe('a list of sessions', () => {
  it('shows who opened which and when it was used, and ends one or all but one', async () => {
    const open = async (client: string) =>
      await createSession(database.db, { accountId, ttlMs: 3_600_000, now, client });
    const [kept, other] = [await open('::1 laptop'), await open('::2 phone')];
    const later = new Date(now.getTime() + 61_000);
    const keptId = (await findSession(database.db, { token: kept.token, now: later }))?.id;
    expect(await listSessions(database.db, { accountId, now: later })).toMatchObject([
      { client: '::2 phone', createdAt: now },
      { id: keptId, client: '::1 laptop', createdAt: now, lastUsedAt: later },
    ]);
    const [newest] = await listSessions(database.db, { accountId, now });
    const id = newest?.id ?? 0;
    expect(await endSession(database.db, { accountId: accountId + 1, id })).toBe(false);
    expect(await endSession(database.db, { accountId, id })).toBe(true);
    expect(await findSession(database.db, { token: other.token, now })).toBeUndefined();
    await open('::3 tablet');
    expect(await endSessions(database.db, { accountId, keptToken: kept.token })).toBe(1);
    expect((await listSessions(database.db, { accountId, now })).map((session) => session.id)).toEqual([
      keptId,
    ]);
    expect(await listSessions(database.db, { accountId, now: new Date(now.getTime() + 3_600_000) })).toEqual(
      [],
    );
    expect(await endSessions(database.db, { accountId })).toBe(1);
  });
});

describe('sealed secrets', () => {
  it('are made once and opened with the same key only', async () => {
    const key = randomBytes(32);
    const wanted = { name: 'signing', key, create: () => randomBytes(40) };
    const secrets = await Promise.all([1, 2, 3].map(() => ensureSealedSecret(database.db, wanted)));
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1);
    const other = readSealedSecret(database.db, { name: 'signing', key: randomBytes(32) });
    await expect(other).rejects.toThrow(SealedSecretError);
    expect(await readSealedSecret(database.db, { name: 'absent', key })).toBeUndefined();
  });

  it('do not open when a bit or the name changes', () => {
    const key = randomBytes(32);
    const sealed = seal(Buffer.from('secret'), { name: 'a', key });
    expect(unseal(sealed, { name: 'a', key }).toString()).toBe('secret');
    expect(() => unseal(sealed, { name: 'b', key })).toThrow(SealedSecretError);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => unseal(changed, { name: 'a', key })).toThrow(SealedSecretError);
    }
    expect(() => unseal(Buffer.alloc(3), { name: 'a', key })).toThrow(SealedSecretError);
  });
});

describe('recordEvent()', () => {
  it('keeps any text on one row, newest first, page by page', async () => {
    for (const number of [1, 2, 3]) {
      await recordEvent(database.db, {
        kind: 'pull.blocked',
        actor: `a\0\r\n{"level":"info"}${'x'.repeat(5_000)}`,
        subject: `s${number}`,
        details: { text: 'a\0b', list: [number] },
      });
    }
    const { items, total } = await listEvents(database.db, { kind: 'pull.blocked', limit: 2 });
    expect([total, items.map((event) => event.subject)]).toEqual([3, ['s3', 's2']]);
    expect(items[0]?.actor).toHaveLength(4_096);
    expect(items[0]?.details).toEqual({ text: 'a\ufffdb', list: [3] });
    const rest = await listEvents(database.db, { before: items[1]?.id ?? 0, limit: 2 });
    expect(rest.items.map((event) => event.subject)).toEqual(['s1']);
  });
});
