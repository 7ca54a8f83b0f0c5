import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeMatch } from '../testing/samples/store-match.ts';
import { holdPackages, storeImage } from '../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { countFound } from './image-counts.ts';
import { type ImageListFilter, readImageRefs } from './image-list.ts';
import { readVulnerabilityImages } from './vulnerability-images.ts';

interface Known {
  readonly id: number;
  readonly namespaceId: number;
  readonly digest: string;
  readonly configDigest: string;
  readonly name: string;
  readonly tags: readonly string[];
}

let database: TemporaryDatabase;
const namespaceIds: number[] = [];

beforeAll(async () => {
  database = await createTemporaryDatabase();
  for (const name of ['zero', 'own-1']) {
    const { rows } = await database.pool.query<{ id: number }>(
      'insert into namespace (name) values ($1) returning id',
      [name],
    );
    namespaceIds.push(...rows.map(({ id }) => id));
  }
  const random = seeded(7);
  const word = () => Array.from({ length: 1 + random(3) }, () => 'abz01v'[random(6)]).join('');
  const name = () => Array.from({ length: 1 + random(3) }, word).join(['-', '.', '_'][random(3)]);
  for (let index = 0; index < 120; index += 1) {
    await storeImage(database.db, {
      namespaceId: namespaceIds[random(2)] ?? 0,
      repository: random(2) === 0 ? `${name()}/${word()}` : `r${name()}`,
      tags: [
        ...new Set(
          Array.from({ length: random(4) }, () => (random(2) === 0 ? name() : name().toUpperCase())),
        ),
      ],
      content: `content ${random(60)}`,
    });
  }
});

afterAll(async () => {
  await database.drop();
});

/** The same numbers every time (a linear congruential generator): whole ones below what is asked. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

async function readKnown(): Promise<readonly Known[]> {
  const { rows } = await database.pool.query<Known>(`
    select rm.id, n.id as "namespaceId", m.digest, m.config_digest as "configDigest", n.name || '/' || r.name as name,
      array(select t.name from tag t where t.repository_id = r.id and t.manifest_digest = m.digest) as tags
    from repository_manifest rm join repository r on r.id = rm.repository_id
    join namespace n on n.id = r.namespace_id join manifest m on m.digest = rm.manifest_digest`);
  return rows;
}

/** What a search means, said without an index. */
function bears({ name, tags, digest, configDigest }: Known, search: string): boolean {
  const text = search.toLowerCase();
  const names = [`/${name}`, ...tags.map((tag) => `.${tag.toLowerCase()}`)];
  if (text.length < 3)
    return names.some((one) => ['-', '.', '_', '/'].some((mark) => one.includes(mark + text)));
  return (
    names.some((one) => one.slice(1).includes(text)) ||
    [digest, configDigest].some((one) => one.startsWith(text) || one.startsWith(`sha256:${text}`))
  );
}

async function searchesOf(known: readonly Known[]): Promise<readonly string[]> {
  const parts = known.flatMap(({ name, tags, digest, configDigest }) => [
    ...[name, ...tags].flatMap((one) => [
      one,
      one.slice(0, 2),
      one.slice(1, 2),
      one.slice(-3),
      one.slice(1, 5),
    ]),
    ...[digest, configDigest].flatMap((one) => [one.slice(7, 10), one.slice(0, 12)]),
  ]);
  const odd = ['%', '_', '.', '--', 'a_', 'b%', '\\', 'a|b', '(', '[a', 'é', 'own-1/', 'no-such', 'sha256:0'];
  return [...new Set([...odd, ...parts])].filter((one) => one !== '');
}

async function expectAll(searches: readonly string[], known: readonly Known[]): Promise<Set<boolean>> {
  const cuts = new Set<boolean>();
  for (const [index, search] of searches.entries()) {
    const inScope = index % 3 === 0 ? namespaceIds.slice(0, 1) : undefined;
    const filter: ImageListFilter = { search, ...(inScope === undefined ? {} : { namespaceIds: inScope }) };
    const visible = known.filter((one) => inScope?.includes(one.namespaceId) ?? true);
    const expected = visible.filter((one) => bears(one, search)).map(({ id }) => id);
    const order = { by: 'pushedAt', descending: false } as const;
    const found = await readImageRefs(database.db, { filter, order, limit: 10_000 });
    expect(new Set(found.map(({ id }) => id)), search).toEqual(new Set(expected));
    const { count, isMinimum } = await countFound(database.db, filter, 10_000);
    if (isMinimum) expect(count, search).toBeLessThanOrEqual(expected.length);
    else expect(count, search).toBe(expected.length);
    cuts.add(isMinimum);
  }
  return cuts;
}

describe('a search of images', () => {
  test('finds by repository, tag and digest what bears the text, and of short texts where a word begins so', async () => {
    const known = await readKnown();
    const cuts = await expectAll((await searchesOf(known)).slice(0, 200), known);
    expect(cuts).toEqual(new Set([false]));
  });

  test('finds the same where more bear it than are looked up', async () => {
    await database.pool.query(
      `insert into repository (namespace_id, name) select $1, 'ab/z-' || n from generate_series(1, 520) n`,
      [namespaceIds[1]],
    );
    await database.pool.query(
      `insert into repository_manifest (repository_id, manifest_digest, pushed_by)
       select r.id, (select min(digest) from manifest), 'ci' from repository r where r.name like 'ab/z-%' and r.id % 2 = 0`,
    );
    await database.pool.query(
      `insert into tag (repository_id, name, manifest_digest)
       select rm.repository_id, 'v0.zz-' || n, rm.manifest_digest
       from (select * from repository_manifest order by id limit 1) rm, generate_series(1, 20100) n`,
    );
    const known = await readKnown();
    const cuts = await expectAll(
      ['z', 'zz', 'v', 'V0', 'ab/', '0.zz-', 'zz-1', 'z-', 'b/z', '0.z', 'a'],
      known,
    );
    expect(cuts).toEqual(new Set([false, true]));
    expect((await countFound(database.db, { search: 'ab/z' }, 100)).isMinimum).toBe(true);
    expect((await countFound(database.db, { search: 'ab/z', kind: 'index' }, 100)).count).toBe(0);
  });
});

describe('a reference that is searched for', () => {
  const ids = new Map<string, number>();
  const digests = new Map<string, string>();
  const found = async (search: string, scope: Pick<ImageListFilter, 'namespaceIds'> = {}) => {
    const order = { by: 'pushedAt', descending: false } as const;
    const refs = await readImageRefs(database.db, { filter: { search, ...scope }, order, limit: 50 });
    expect((await countFound(database.db, { search, ...scope }, 50)).count).toBe(refs.length);
    return refs.map(({ id }) => [...ids].find(([, own]) => own === id)?.[0]);
  };

  beforeAll(async () => {
    for (const [index, [repository, tags]] of [
      ['team/app', ['v3', 'V3-slim']],
      ['team/app', ['v4', 'v_4']],
      ['other/app', ['v3']],
      ['team/app-next', ['v3']],
    ].entries()) {
      const namespaceId = namespaceIds[1] ?? 0;
      const image = { namespaceId, repository: String(repository), tags: [...(tags ?? [])] };
      const stored = await storeImage(database.db, { ...image, content: `reference ${index}` });
      ids.set(`${repository} ${tags?.[0]}`, stored.id);
      digests.set(`${repository} ${tags?.[0]}`, stored.digest);
    }
  });

  test.each([
    ['own-1/team/app:v3', ['team/app v3']],
    ['team/app:V3-s', ['team/app v3']],
    ['app:v3', ['team/app v3', 'other/app v3']],
    ['team/app:v', ['team/app v3', 'team/app v4']],
    ['team/app:', ['team/app v3', 'team/app v4', 'team/app-next v3']],
    ['registry.example/own-1/team/app:v4', ['team/app v4']],
    ['localhost:5000/own-1/team/app:v4 ', ['team/app v4']],
    ['https://registry.example:8443/own-1/other/app', ['other/app v3']],
    ['eam/app:v3', []],
    ['team/app:v%', []],
    ['team/app:v_', ['team/app v4']],
    ['team/ap_:v3', []],
    ['zero/team/app:v3', []],
  ])('%j', async (text, expected) => {
    expect(await found(text)).toEqual(expected);
    expect(await found(text, { namespaceIds: [namespaceIds[0] ?? 0] })).toEqual([]);
  });

  test('finds by digest, whatever the tag, in that repository alone', async () => {
    const digest = digests.get('team/app v3') ?? '';
    for (const text of [
      `own-1/team/app@${digest}`,
      `registry.example/own-1/team/app:v9@${digest}`,
      `app@${digest.slice(0, 20)}`,
    ])
      expect(await found(text), text).toEqual(['team/app v3']);
    expect(await found(`other/app@${digest}`)).toEqual([]);
    expect(await found(`own-1/team/app@sha256`)).toEqual(['team/app v3', 'team/app v4']);
  });
});

describe('readVulnerabilityImages()', () => {
  test('finds images by their packages, whatever bytes the ids have', async () => {
    const { db, pool } = database;
    const ids = [1, 255, 256, 65_535, 65_536, 16_777_216, 2_147_483_647];
    const images = new Map<number, number>();
    for (const [index, id] of ids.entries()) {
      await pool.query(
        `insert into package (id, ecosystem, release, name, version, source_name, source_version, module)
         overriding system value values ($1::int, 'Debian', '12', 'p' || $1::int, '1', '', '', '') on conflict do nothing`,
        [id],
      );
      const found = { id: `CVE-2030-${index}`, severity: 'low' } as const;
      await storeMatch(db, {
        packageId: id,
        vulnerabilityId: found.id,
        advisoryId: found.id,
        aliases: [],
        severity: found.severity,
        fixState: 'not-fixed',
      });
      const image = await storeImage(db, {
        namespaceId: namespaceIds[index % 2] ?? 0,
        repository: `held-${index}`,
        content: `held ${index}`,
        packages: [],
      });
      await holdPackages(db, image.digest, [7, id]);
      images.set(index, image.id);
    }
    for (const [index, imageId] of images) {
      const asked = { vulnerabilityId: `CVE-2030-${index}`, limit: 10 };
      expect(await readVulnerabilityImages(db, asked)).toEqual({ imageIds: [imageId], imageCount: 1 });
      const others = namespaceIds.filter((_, own) => own !== index % 2);
      expect(await readVulnerabilityImages(db, { ...asked, namespaceIds: others })).toEqual({
        imageIds: [],
        imageCount: 0,
      });
    }
    await pool.query(
      `update match_detail set vulnerability_id = 'CVE-2030-9' where vulnerability_id like 'CVE-2030-%'`,
    );
    const all = [...images.values()].toSorted((a, b) => b - a);
    expect(await readVulnerabilityImages(db, { vulnerabilityId: 'CVE-2030-9', limit: 2 })).toEqual({
      imageIds: all.slice(0, 2),
      imageCount: all.length,
    });
  });
});
