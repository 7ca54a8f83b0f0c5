import { afterAll, beforeAll, expect, it } from 'vitest';
import { storeImage } from '../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { listScopeChanges } from './scope-changes.ts';

let database: TemporaryDatabase;
const namespaceIds = new Map<string, number>();
const idOf = (name: string): number => namespaceIds.get(name) ?? 0;

beforeAll(async () => {
  database = await createTemporaryDatabase();
  for (const name of ['own', 'other', 'empty']) {
    const { rows } = await database.pool.query<{ id: number }>(
      'insert into namespace (name) values ($1) returning id',
      [name],
    );
    namespaceIds.set(name, rows[0]?.id ?? 0);
  }
  const store = (namespace: string, packages: readonly string[]) =>
    storeImage(database.db, {
      namespaceId: idOf(namespace),
      repository: 'app',
      content: packages.join(),
      packages: packages.map((name) => ({
        name,
        version: '1',
        vulnerabilities: [{ id: `CVE-2026-${name.length}`, severity: 'high' }],
      })),
    });
  await store('own', ['a', 'bb']);
  await store('own', ['a']);
  await store('other', ['bb', 'ccc']);
  // Images were judged on 2026-01-02; the first change is older. 40 more are of what only `other` holds.
  await database.pool.query(`
    insert into match_change (package_id, vulnerability_id, change, at)
    select p.id, 'CVE-2026-' || length(p.name), 'added', at::timestamptz
    from (values ('bb', '2026-01-01'), ('a', '2026-01-03'), ('bb', '2026-01-04'), ('ccc', '2026-01-05')) c (name, at)
      join package p using (name) order by at;
    insert into match_change (package_id, vulnerability_id, change, at)
    select p.id, 'CVE-2026-3', 'became-fixable', '2026-01-06' from package p, generate_series(1, 40) where p.name = 'ccc'`);
});
afterAll(() => database.drop());

/** The changes page by page, and their total. */
async function listed(
  namespaces: readonly string[],
  options: { readonly wholeBelow?: number; readonly limit?: number; readonly since?: Date } = {},
) {
  const { wholeBelow = 2_000, limit = 100, since } = options;
  const pages: string[][] = [];
  const totals: number[] = [];
  for (let before: number | undefined; pages.length < 20; ) {
    const page = await listScopeChanges(
      database.db,
      { namespaceIds: namespaces.map(idOf) },
      { limit, since, before },
      { wholeBelow, lookedAtMax: 10 },
    );
    pages.push(page.items.map((one) => `${one.package.name} ${one.at.toISOString().slice(8, 10)}`));
    totals.push(page.total);
    before = page.lookedUpTo ?? (page.items.length < limit ? undefined : page.items.at(-1)?.key);
    if (before === undefined) break;
  }
  return { pages, total: totals[0] };
}

it('are of what images in scope hold, since the first of them was judged (threats.md A1)', async () => {
  expect(await listed(['own'])).toEqual({ pages: [['bb 04', 'a 03']], total: 2 });
  expect(await listed(['empty'])).toEqual({ pages: [[]], total: 0 });
  expect(await listed([])).toEqual({ pages: [[]], total: 0 });
  expect((await listed(['own', 'other'])).total).toBe(43);
  expect(await listed(['own'], { since: new Date('2026-01-04') })).toEqual({ pages: [['bb 04']], total: 1 });
  expect((await listed(['own'], { limit: 1 })).pages).toEqual([['bb 04'], ['a 03'], []]);
});

it('of a scope of many images are looked up step by step: pages may be short, and none is left out', async () => {
  const { pages } = await listed(['own'], { wholeBelow: 1, limit: 3 });
  expect(pages.flat()).toEqual(['bb 04', 'a 03', 'bb 01']);
  expect(pages.length).toBeGreaterThan(2);
  const others = (await listed(['other'], { wholeBelow: 1, limit: 7 })).pages;
  expect(others.flat()).toHaveLength(43);
  expect(Math.max(...others.map((page) => page.length))).toBe(7);
});
