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
    if (page.items.length < limit) break;
    before = page.items.at(-1)?.key;
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

it('of a scope of many images fill each page but the last, however many others lie between', async () => {
  const { pages } = await listed(['own'], { wholeBelow: 1, limit: 2 });
  expect(pages).toEqual([['bb 04', 'a 03'], ['bb 01']]);
  const ofOther = async (limit: number) => (await listed(['other'], { wholeBelow: 1, limit })).pages;
  const others = await ofOther(7);
  expect(others.map((page) => page.length)).toEqual([7, 7, 7, 7, 7, 7, 1]);
  expect(others.flat().slice(-3)).toEqual(['ccc 05', 'bb 04', 'bb 01']);
  expect((await ofOther(43)).map((page) => page.length)).toEqual([43, 0]);
  expect((await listed(['empty'], { wholeBelow: 0, limit: 3 })).pages).toEqual([[]]);
  expect((await listed(['own'], { wholeBelow: 1, limit: 3, since: new Date('2026-01-04') })).pages).toEqual([
    ['bb 04'],
  ]);
});
