import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { createAccount, deleteAccount, isAccountName, listAccounts, updateAccount } from './accounts.ts';
import { beginLogin, forgetEndedLogins } from './login-limit.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { PasswordLogin } from './password-login.ts';

const costs = { cost: 16, blockSize: 1, parallelization: 1 };
let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

async function addAccount(name: string, isAdmin = false): Promise<void> {
  const passwordHash = await hashPassword('right', costs);
  expect((await createAccount(database.db, { name, passwordHash, isAdmin })).kind).toBe('created');
}

describe('verifyPassword()', () => {
  it('fits the password alone', async () => {
    const hash = await hashPassword('pässword', costs);
    expect(await verifyPassword('pässword', hash)).toBe(true);
    expect(await verifyPassword('pa\u0308ssword', hash)).toBe(true);
    expect(await verifyPassword('Pässword', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it.each(['', 'x', 'scrypt$16$1$1$$', 'scrypt$16$1$1$a$b'])(
    'is never satisfied by the hash %j',
    async (hash) => {
      expect(await verifyPassword('', hash)).toBe(false);
    },
  );
});

describe('isAccountName()', () => {
  it.each(['a', 'a.b-c_d', '0'])('takes %s', (name) => expect(isAccountName(name)).toBe(true));
  it.each(['', 'A', 'a:b', 'a b', '-a', 'a.', 'anonymous', 'a'.repeat(65), 'a/b', 'ä'])(
    'refuses %s',
    (name) => expect(isAccountName(name)).toBe(false),
  );
});

describe('PasswordLogin', () => {
  it('signs in by the right password, and no other way', async () => {
    await addAccount('dev');
    await createAccount(database.db, { name: 'passwordless' });
    const login = new PasswordLogin({ db: database.db, costs });
    const signIn = (name: string, password: string) => login.signIn({ name, password, address: '::1' });
    expect(await signIn('dev', 'right')).toMatchObject({ kind: 'signed-in', principal: { name: 'dev' } });
    for (const [name, password] of [
      ['dev', 'wrong'],
      ['dev', ''],
      ['nobody', 'right'],
      ['passwordless', ''],
      ['passwordless', 'right'],
      ['de\0v', 'right'],
    ] as const) {
      const account = ['dev', 'passwordless'].includes(name) ? { account: name } : {};
      expect(await signIn(name, password)).toEqual({ kind: 'refused', ...account });
    }
  });

  it('sees a changed password and a disabled account at once, although it remembers', async () => {
    await addAccount('changing');
    const login = new PasswordLogin({ db: database.db, costs });
    const signIn = async (password: string) =>
      (await login.signIn({ name: 'changing', password, address: '::1' })).kind;
    expect([await signIn('right'), await signIn('right')]).toEqual(['signed-in', 'signed-in']);
    const passwordHash = await hashPassword('new', costs);
    await updateAccount(database.db, 'changing', { passwordHash });
    expect([await signIn('right'), await signIn('new')]).toEqual(['refused', 'signed-in']);
    await updateAccount(database.db, 'changing', { disabled: true });
    expect(await signIn('new')).toBe('refused');
  });

  it('hashes once for a crowd with the right password, which no limit hits', async () => {
    await addAccount('crowd');
    const login = new PasswordLogin({ db: database.db, costs });
    const results = await Promise.all(
      Array.from({ length: 60 }, () => login.signIn({ name: 'crowd', password: 'right', address: '::2' })),
    );
    expect(new Set(results.map((result) => result.kind))).toEqual(new Set(['signed-in']));
  });

  it('limits parallel guesses per account and address; elsewhere the account still opens (A17)', async () => {
    await addAccount('target');
    const login = new PasswordLogin({ db: database.db, costs });
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, guess) =>
        login.signIn({ name: 'target', password: `guess ${guess}`, address: '10.0.0.1' }),
      ),
    );
    const count = (kind: string) => results.filter((result) => result.kind === kind).length;
    expect([count('refused'), count('limited')]).toEqual([10, 20]);
    const locked = await login.signIn({ name: 'target', password: 'right', address: '10.0.0.1' });
    expect(locked).toMatchObject({ kind: 'limited' });
    const elsewhere = await login.signIn({ name: 'target', password: 'right', address: '10.0.0.2' });
    expect(elsewhere.kind).toBe('signed-in');
  });

  it('spends on an unknown account what a wrong password costs (A15)', async () => {
    const dear = { cost: 16_384, blockSize: 8, parallelization: 1 };
    const passwordHash = await hashPassword('right', dear);
    await createAccount(database.db, { name: 'dear', passwordHash });
    const login = new PasswordLogin({
      db: database.db,
      costs: dear,
      limits: { windowSeconds: 60, perAccountAndAddress: 1_000, perAddress: 1_000 },
    });
    // The least of interleaved tries: other work on the machine only ever adds, so a busy one needs more of them.
    const leastMs = new Map<string, number>();
    const likeness = () => {
      const [known = 0, unknown = 0] = [leastMs.get('dear'), leastMs.get('nobody')];
      return Math.min(known, unknown) / Math.max(known, unknown);
    };
    for (let round = 0; round < 12 || (round < 60 && likeness() <= 0.4); round += 1) {
      for (const name of ['dear', 'nobody']) {
        const start = performance.now();
        await login.signIn({ name, password: `wrong ${round}`, address: '10.0.0.3' });
        const tookMs = performance.now() - start;
        leastMs.set(name, Math.min(tookMs, leastMs.get(name) ?? Number.POSITIVE_INFINITY));
      }
    }
    // Without the decoy an unknown account would answer in a twentieth of the time.
    expect(likeness()).toBeGreaterThan(0.4);
  });
});

describe('beginLogin()', () => {
  it('counts over a window that ends', async () => {
    const limits = { windowSeconds: 1, perAccountAndAddress: 1, perAddress: 5 };
    const begin = () => beginLogin(database.db, { account: 'x', address: '10.0.0.9', limits });
    expect((await begin()).kind).toBe('allowed');
    expect(await begin()).toEqual({ kind: 'limited', retryAfterSeconds: 1 });
    await database.pool.query(`update login_attempt set window_ends_at = now() - interval '1 s'`);
    expect((await begin()).kind).toBe('allowed');
    await database.pool.query(`update login_attempt set window_ends_at = now() - interval '1 s'`);
    expect(await forgetEndedLogins(database.db)).toBeGreaterThan(0);
  });
});

describe('accounts', () => {
  it('always keep an admin, also when two requests race', async () => {
    await addAccount('admin-1', true);
    await addAccount('admin-2', true);
    const results = await Promise.all([
      updateAccount(database.db, 'admin-1', { isAdmin: false }),
      deleteAccount(database.db, 'admin-2'),
    ]);
    expect(results.filter((result) => result.kind === 'last-admin')).toHaveLength(1);
    const { items, total } = await listAccounts(database.db, { limit: 100 });
    expect(items.filter((account) => account.isAdmin && account.disabledAt === undefined)).toHaveLength(1);
    expect(total).toBe(items.length);
  });
});
