import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { readImageSample, sampleImages } from './image-sample.ts';
import { countHoldersOfEach } from './package-holders.ts';

const olderImages = 2_100;
/** Of these every older image holds some, each another choice. */
const abandoned = Array.from({ length: 12 }, (_, bit) => bit + 1);
const [ofSeven, ofThousand, ofMore] = [100, 101, 102];

let database: TemporaryDatabase;

beforeAll(async () => {
  database = await createTemporaryDatabase();
  const { pool } = database;
  await pool.query(`with made as (insert into namespace (name) values ('team') returning id)
    insert into repository (namespace_id, name) select id, 'app' from made`);
  const images = `generate_series(1, ${olderImages + sampleImages}) n`;
  const digest = `'sha256:' || md5(n::text) || md5('x' || n)`;
  await pool.query(`insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
    select ${digest}, 'x', 'image', 2, 0, '{}' from ${images}`);
  await pool.query(`insert into repository_manifest (repository_id, manifest_digest, pushed_by)
    select (select id from repository), ${digest}, 'ci' from ${images} order by n`);
  await pool.query(`insert into image_report (manifest_digest, inspector_version, outcome, ecosystems, doubts, package_set,
      places, inspected_at, first_judged_at)
    select ${digest}, 1, 'scanned', '{}', '[]', '', '', now(), now() from ${images}`);
  await pool.query(
    `insert into image_packages (manifest_digest, package_ids)
     select ${digest}, array(
       select id from unnest($1::int[]) id where n <= ${olderImages} and n & (1 << id - 1) > 0
       union all select id from (values (${ofSeven}, 7), (${ofThousand}, 1000), (${ofMore}, 1001)) v (id, upTo) where n <= upTo)
     from ${images}`,
    [abandoned],
  );
});

afterAll(async () => {
  await database.drop();
});

/** The counts, and how many rows the database sent for them. */
async function count(sets: Readonly<Record<string, readonly number[]>>) {
  const sample = await readImageSample(database.db, {});
  let received = 0;
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      received += result.rows.length;
      return result;
    },
  };
  const counts = await countHoldersOfEach(
    database.db.withPlugin(counting),
    { scope: {}, sample },
    Object.entries(sets).map(([key, packageIds]) => ({ key, packageIds })),
  );
  return { counts: Object.fromEntries(counts), received };
}

test('packages that no new image holds are counted so far, however many old ones hold them', async () => {
  const alone = await count({ abandoned });
  expect(alone.counts).toEqual({ abandoned: { count: 1_000, isMinimum: true } });
  expect(alone.received).toBeLessThan(10);
  const besides = await count({ abandoned, seven: [ofSeven] });
  expect(besides.counts).toEqual({
    abandoned: { count: 1_000, isMinimum: true },
    seven: { count: 7, isMinimum: false },
  });
  expect(besides.received).toBeLessThan(10);
});

test('what is counted so far is exact up to there, of one set and of several', async () => {
  const thousand = { count: 1_000, isMinimum: false };
  const more = { count: 1_000, isMinimum: true };
  expect((await count({ thousand: [ofThousand] })).counts).toEqual({ thousand });
  expect((await count({ more: [ofMore] })).counts).toEqual({ more });
  const sets = { thousand: [ofThousand], more: [ofMore], both: [ofSeven, ofThousand], none: [999] };
  expect((await count(sets)).counts).toEqual({
    thousand,
    more,
    both: thousand,
    none: { count: 0, isMinimum: false },
  });
  expect((await count({})).counts).toEqual({});
});
