import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matchingVersion } from '../scan/matches/matching-version.ts';
import { storeMatch } from '../testing/samples/store-match.ts';
import { holdPackages, storeImage } from '../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { findPackages } from './find-packages.ts';
import { countImages } from './image-counts.ts';
import { readImageRefs } from './image-list.ts';
import { type HolderScope, readImageSample } from './image-sample.ts';
import { countHolders, countHoldersOfEach, heldAmong, heldIn } from './package-holders.ts';
import { parseSearch } from './parse-search.ts';
import { rankVulnerabilities } from './rank-vulnerabilities.ts';
import { meantPackages, type Search, summariseSearch } from './search-packages.ts';
import { readVulnerabilityImages } from './vulnerability-images.ts';
import { readVulnerabilityPage, type VulnerabilityFilter } from './vulnerability-list.ts';

/** Ecosystem, name, version, and the source package where it is another. */
type Row = readonly [string, string, string, string?, string?];

const rows: readonly Row[] = [
  ['Debian', 'libssl3', '3.0.14-1', 'openssl', '3.0.14-1'],
  ['Debian', 'openssl', '3.0.15-1', 'openssl', '3.0.15-1'],
  ['npm', '@scope/core', '1.10.0'],
  ['npm', '@scope/core', '1.9.0'],
  ['npm', 'core', 'not a version'],
  ['Maven', 'org.apache.logging.log4j:log4j-core', '2.14.1'],
  ['Maven', 'org.apache.logging.log4j:log4j-api', '2.17.0'],
  ['PyPI', 'Typing_Extensions', '4.1.0'],
  ['PyPI', 'Foo.Bar', '1.0'],
  ['NuGet', 'Newtonsoft.Json', '13.0.1'],
  ['Go', 'github.com/Owner/Mod', '1.2.3'],
  ['Red Hat', 'bash', '1:5.1-1'],
  ['Alpine', 'musl', '1.2.3-r4'],
  ['npm', 'secret-thing', '1.0.0'],
];

let database: TemporaryDatabase;
const ids: number[] = [];
const namespaceIds: number[] = [];

beforeAll(async () => {
  database = await createTemporaryDatabase();
  const { db, pool } = database;
  for (const name of ['mine', 'other']) {
    const made = await pool.query<{ id: number }>('insert into namespace (name) values ($1) returning id', [
      name,
    ]);
    namespaceIds.push(...made.rows.map(({ id }) => id));
  }
  for (const [ecosystem, name, version, source = name, sourceVersion = version] of rows) {
    const made = await pool.query<{ id: number }>(
      `insert into package (ecosystem, release, name, version, source_name, source_version, module, matching_version)
       values ($1, '', $2, $3, $4, $5, '', $6) returning id`,
      [ecosystem, name, version, source, sourceVersion, matchingVersion],
    );
    ids.push(...made.rows.map(({ id }) => id));
  }
  const [libssl, openssl] = [id('libssl3'), id('openssl')];
  for (const [packageId, vulnerability, alias, severity] of [
    [libssl, 'CVE-2024-1111', 'DSA-1-1', 'high'],
    [openssl, 'CVE-2024-1111', 'DSA-1-1', 'high'],
    [openssl, 'CVE-2024-2222', 'DSA-1-1', 'low'],
    [id('secret-thing'), 'CVE-2024-9999', 'GHSA-23cf-ghjm-pqrv', 'critical'],
  ] as const)
    await storeMatch(db, {
      packageId,
      vulnerabilityId: vulnerability,
      advisoryId: 'X',
      aliases: [alias],
      severity,
      fixedVersion: '9',
      fixState: 'fixed',
    });
  await hold('mine', 0, [libssl, openssl, id('musl')]);
  await hold('mine', 1, [libssl, id('@scope/core')]);
  await hold('other', 2, [libssl, id('secret-thing')]);
  await db
    .insertInto('known_exploited')
    .values({ cve: 'CVE-2024-2222', added_on: '2026-01-01', due_on: null, ransomware: false, details: '{}' })
    .execute();
});

afterAll(async () => {
  await database.drop();
});

function id(name: string): number {
  return ids[rows.findIndex((row) => row[1] === name)] ?? 0;
}

async function hold(
  namespace: 'mine' | 'other',
  index: number,
  packageIds: readonly number[],
): Promise<void> {
  const image = await storeImage(database.db, {
    namespaceId: namespaceIds[namespace === 'mine' ? 0 : 1] ?? 0,
    repository: `app-${index}`,
    content: `content ${index}`,
    packages: [],
  });
  await holdPackages(database.db, image.digest, packageIds);
}

async function find(text: string): Promise<{ readonly within: string[]; readonly incomparable: string[] }> {
  const parsed = parseSearch(text);
  if (parsed.kind !== 'package') throw new Error(JSON.stringify(parsed));
  const { within, incomparable } = await findPackages(database.db, parsed.search);
  const show = (one: { readonly name: string; readonly version: string }) => `${one.name}@${one.version}`;
  return { within: within.map(show), incomparable: incomparable.map(show) };
}

const sampled = async (scope: HolderScope) => ({ scope, sample: await readImageSample(database.db, scope) });

const ranking = () => rankVulnerabilities(database.db, undefined);

const mine = () => ({ namespaceIds: namespaceIds.slice(0, 1) });

describe('findPackages()', () => {
  test.each([
    ['openssl', ['libssl3@3.0.14-1', 'openssl@3.0.15-1']],
    ['OpenSSL <3.0.15-1', ['libssl3@3.0.14-1']],
    ['core', ['@scope/core@1.10.0', '@scope/core@1.9.0', 'core@not a version']],
    ['@scope/core >1.9.0', ['@scope/core@1.10.0']],
    ['@scope/core >1.9, <2', ['@scope/core@1.10.0']],
    ['log4j-core', ['org.apache.logging.log4j:log4j-core@2.14.1']],
    ['log4j-c*', ['org.apache.logging.log4j:log4j-core@2.14.1']],
    ['*log4j* <2.17', ['org.apache.logging.log4j:log4j-core@2.14.1']],
    ['typing.extensions', ['Typing_Extensions@4.1.0']],
    ['pkg:pypi/typing-extensions', ['Typing_Extensions@4.1.0']],
    ['pkg:pypi/foo-bar', ['Foo.Bar@1.0']],
    ['pkg:nuget/newtonsoft.json <13.0.2', ['Newtonsoft.Json@13.0.1']],
    ['pkg:golang/github.com/owner/mod@v1.2.3', ['github.com/Owner/Mod@1.2.3']],
    ['pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1', ['org.apache.logging.log4j:log4j-core@2.14.1']],
    ['pkg:rpm/redhat/bash@5.1-1', ['bash@1:5.1-1']],
    ['pkg:rpm/redhat/bash@5.1-1?epoch=1', ['bash@1:5.1-1']],
    ['pkg:rpm/bash', ['bash@1:5.1-1']],
    ['pkg:rpm/suse/bash', []],
    ['pkg:apk/alpine/musl@1.2.3-r4?arch=x86_64', ['musl@1.2.3-r4']],
    ['pkg:npm/%40scope/core@1.9.0', ['@scope/core@1.9.0']],
    ['pkg:npm/core@1.9.0', []],
    ['no%such_thing', []],
  ])('finds by %s', async (text, expected) => {
    expect((await find(text)).within).toEqual(expected);
  });

  test('lists apart what cannot be compared', async () => {
    expect(await find('core <1.10.0')).toEqual({
      within: ['@scope/core@1.9.0'],
      incomparable: ['core@not a version'],
    });
  });
});

async function summarise(scope: HolderScope, search: Search) {
  return await summariseSearch(database.db, await sampled(scope), await meantPackages(database.db, search));
}

describe('searches', () => {
  test('count unique vulnerabilities and affected images apart, by any alias', async () => {
    const search = { kind: 'vulnerability', id: 'dsa-1-1' } as const;
    expect(await summarise({}, search)).toEqual({
      vulnerabilityIds: ['CVE-2024-1111', 'CVE-2024-2222'],
      packageCount: 2,
      incomparableCount: 0,
      imageCount: 3,
      affectedImageCount: 3,
      isCut: false,
    });
    expect(await summarise(mine(), search)).toMatchObject({
      imageCount: 2,
      packageCount: 2,
    });
  });

  test('find the newest images that a vulnerability is in, and count all', async () => {
    const read = (limit: number, scope: HolderScope = {}) =>
      readVulnerabilityImages(database.db, { vulnerabilityId: 'CVE-2024-1111', limit, ...scope });
    const all = await read(10);
    expect(all).toMatchObject({ imageCount: 3, imageIds: { length: 3 } });
    expect(all.imageIds).toEqual(all.imageIds.toSorted((a, b) => b - a));
    for (const limit of [1, 2, 3])
      expect(await read(limit)).toEqual({ imageCount: 3, imageIds: all.imageIds.slice(0, limit) });
    expect(await read(1, mine())).toMatchObject({ imageCount: 2, imageIds: { length: 1 } });
  });

  test('tell nothing of what only others hold (threats.md A7)', async () => {
    for (const id of ['CVE-2024-9999', 'ghsa-23cf-ghjm-pqrv'])
      expect(await summarise(mine(), { kind: 'vulnerability', id })).toEqual({
        vulnerabilityIds: [],
        packageCount: 0,
        incomparableCount: 0,
        imageCount: 0,
        affectedImageCount: 0,
        isCut: false,
      });
    expect(await heldAmong(database.db, await sampled(mine()), ids)).not.toContain(id('secret-thing'));
  });

  test('list open vulnerabilities: exploited first, then by severity, of the scope alone', async () => {
    const all = await readVulnerabilityPage(database.db, { ranking, scope: {}, filter: {}, limit: 10 });
    expect(all.items.map(({ id, images, packageCount }) => [id, images.count, packageCount])).toEqual([
      ['CVE-2024-2222', 1, 1],
      ['CVE-2024-9999', 1, 1],
      ['CVE-2024-1111', 3, 2],
    ]);
    const first = await readVulnerabilityPage(database.db, { ranking, scope: mine(), filter: {}, limit: 1 });
    expect(first).toMatchObject({
      items: [{ id: 'CVE-2024-2222' }],
      hasMore: true,
      total: { count: 2, precision: 'exact' },
    });
    const after = { id: 'CVE-2024-2222', seen: 1 };
    const second = await readVulnerabilityPage(database.db, {
      ranking,
      scope: mine(),
      filter: {},
      after,
      limit: 1,
    });
    expect(second).toMatchObject({ items: [{ id: 'CVE-2024-1111', images: { count: 2 } }], hasMore: false });
    for (const text of ['secret', '9999', 'ghsa-23cf-ghjm-pqrv'])
      expect(
        (await readVulnerabilityPage(database.db, { ranking, scope: mine(), filter: { text }, limit: 9 }))
          .items,
      ).toEqual([]);
    const filtered = { text: 'LIBSSL', severity: 'high', fixable: true, knownExploited: false } as const;
    const found = await readVulnerabilityPage(database.db, {
      ranking,
      scope: mine(),
      filter: filtered,
      limit: 9,
    });
    expect(found.items.map(({ packageNames }) => packageNames)).toEqual([['libssl3']]);
  });
});

describe('images that hold packages', () => {
  test('are counted the same whether they are few or too many to look through', async () => {
    const { db, pool } = database;
    await pool.query(`insert into repository (namespace_id, name) values ($1, 'many')`, [namespaceIds[1]]);
    // Every third holds the one, every hundredth the other.
    await pool.query(
      `with made as (
         insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
         select 'sha256:' || md5(n::text) || md5('x' || n), 'x', 'image', 2, 0, '{}' from generate_series(1, 2400) n
         returning digest),
       numbered as (select digest, row_number() over () as n from made),
       kept as (insert into repository_manifest (repository_id, manifest_digest, pushed_by)
         select (select id from repository where name = 'many'), digest, 'ci' from numbered)
       select count(*) from numbered`,
    );
    const { rows: held } = await pool.query<{ digest: string }>(
      `select manifest_digest as digest from repository_manifest rm join repository r on r.id = rm.repository_id
       where r.name = 'many' order by rm.id`,
    );
    const insertReports = `
      insert into image_report (manifest_digest, inspector_version, outcome, ecosystems, doubts, package_set, places,
        inspected_at, first_judged_at)
      select digest, 1, 'scanned', '{}', '[]', '', '', now(), now()`;
    for (const [wanted, packageId] of [
      [3, id('musl')],
      [100, id('core')],
    ] as const)
      await pool.query(
        `with reported as (${insertReports} from unnest($1::text[]) digest on conflict do nothing returning manifest_digest)
         insert into image_packages (manifest_digest, package_ids) select manifest_digest, array[$2::int] from reported`,
        [held.filter((_, index) => index % wanted === 0).map(({ digest }) => digest), packageId],
      );
    await pool.query(
      `with reported as (${insertReports} from manifest on conflict do nothing returning manifest_digest)
       insert into image_packages (manifest_digest, package_ids) select manifest_digest, '{}' from reported`,
    );
    const scope = { namespaceIds };
    const [musl, core] = [
      await countHolders(db, await sampled(scope), [id('musl')]),
      await countHolders(db, await sampled(scope), [id('core')]),
    ];
    expect([musl, core]).toEqual([801, 16]);
    const unheld = Array.from({ length: 6_000 }, (_, index) => 1_000_000 + index);
    const all = [...unheld, id('musl'), id('core')];
    expect(await countHolders(db, await sampled(scope), all)).toBe(817);
    const images = async (forCount: 'pass' | 'index', kind?: string) =>
      await countImages(db, {
        ...scope,
        ...(kind === undefined ? {} : { kind }),
        holds: { packageIds: all, forPage: 'each', forCount },
      });
    expect([await images('pass'), await images('index'), await images('pass', 'image')]).toEqual([
      817, 817, 817,
    ]);
    const sets = [id('musl'), id('core'), id('secret-thing')].map((one) => ({
      key: String(one),
      packageIds: [one],
    }));
    const counts = await countHoldersOfEach(db, await sampled(scope), sets);
    const common = counts.get(String(id('musl')));
    expect(common?.isMinimum).toBe(true);
    expect(common?.count).toBeLessThanOrEqual(musl);
    expect(counts.get(String(id('core')))).toEqual({ count: core, isMinimum: false });
    expect(counts.get(String(id('secret-thing')))).toEqual({ count: 1, isMinimum: false });
    const present = await heldAmong(db, await sampled(scope), ids);
    expect([...present].sort((a, b) => a - b)).toEqual(
      [id('libssl3'), id('openssl'), id('@scope/core'), id('core'), id('musl'), id('secret-thing')].sort(
        (a, b) => a - b,
      ),
    );
    // Of too many images to read whole: what is shown and counted is what was seen.
    const page = await readVulnerabilityPage(db, { ranking, scope, filter: {}, limit: 2 });
    expect(page).toMatchObject({ hasMore: true, total: { count: 3, precision: 'atLeast' } });
    expect(page.items.map((one) => one.id)).toEqual(['CVE-2024-2222', 'CVE-2024-9999']);
    // Lists find the same images, by the index, in a pass, or one after the other.
    for (const [packageId, count] of [
      [id('musl'), musl],
      [id('core'), core],
    ] as const) {
      const { sample } = await sampled(scope);
      for (const way of ['index', 'pass', 'each'] as const) {
        const holds = {
          ...heldIn(sample, [packageId]),
          forPage: way === 'pass' ? 'each' : way,
          forCount: way,
        } as const;
        expect(await countImages(db, { ...scope, holds })).toBe(count);
        const order = { by: 'pushedAt', descending: true } as const;
        const refs = await readImageRefs(db, { filter: { ...scope, holds }, order, limit: 1_000 });
        expect(refs).toHaveLength(count);
      }
    }
  });

  test('show a scope of many images nothing that only others hold, nor how grave it is there (threats.md A7)', async () => {
    const { db, pool } = database;
    // Of the same vulnerability, here low and fixed, elsewhere critical and not; and one that is over.
    for (const [packageId, vulnerabilityId, severity, fixedVersion] of [
      [id('musl'), 'CVE-2024-3333', 'low', '2'],
      [id('openssl'), 'CVE-2024-3333', 'critical', undefined],
      [id('libssl3'), 'CVE-2024-4444', 'critical', undefined],
    ] as const)
      await storeMatch(db, {
        packageId,
        vulnerabilityId,
        advisoryId: `Y-${packageId}`,
        aliases: [],
        severity,
        fixedVersion,
        fixState: fixedVersion === undefined ? 'not-fixed' : 'fixed',
      });
    await pool.query(
      `update stored_match set resolved_at = now()
       where detail_id in (select id from match_detail where vulnerability_id = 'CVE-2024-4444')`,
    );
    const read = async (filter: VulnerabilityFilter) => {
      const scope = { namespaceIds: namespaceIds.slice(1) };
      const { items } = await readVulnerabilityPage(db, { ranking, scope, filter, limit: 9 });
      return items.map((one) => [one.id, one.severity, one.packageNames.join()]);
    };
    const low = ['CVE-2024-3333', 'low', 'musl'];
    expect(await read({})).toEqual([
      low,
      ['CVE-2024-9999', 'critical', 'secret-thing'],
      ['CVE-2024-1111', 'high', 'libssl3'],
    ]);
    expect(await read({ severity: 'low', fixable: true })).toEqual([low]);
    for (const filter of [
      { severity: 'critical', fixable: false },
      { text: 'openssl' },
      { text: '4444' },
    ] as const)
      expect(await read(filter)).toEqual([]);
    expect(await read({ text: 'MUSL' })).toEqual([low]);
  });
});
