import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../database/database.ts';
import { storeMatch } from '../../testing/samples/store-match.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { readPackageFacts } from './read-package-facts.ts';
import { SharedDetails } from './shared-details.ts';

let database: TemporaryDatabase;

beforeAll(async () => {
  database = await createTemporaryDatabase();
  const { db, pool } = database;
  for (const packageId of [1, 2, 3]) {
    await pool.query(
      `insert into package (id, ecosystem, release, name, version, source_name, source_version, module)
       overriding system value values ($1::int, 'Debian', '12', 'p' || $1::int, '1', '', '', '')`,
      [packageId],
    );
    // What the first two share is one row.
    for (const vulnerabilityId of packageId === 3 ? [] : ['CVE-2030-2', 'CVE-2030-1'])
      await storeMatch(db, {
        packageId,
        vulnerabilityId,
        advisoryId: vulnerabilityId,
        aliases: [
          'GHSA-2222-2222-2222',
          'odd, "{alias}"',
          ...(vulnerabilityId === 'CVE-2030-2' ? ['CVE-2030-9'] : []),
        ],
        severity: 'low',
        fixState: 'not-fixed',
      });
  }
  await pool.query(
    `insert into known_exploited (cve, added_on, ransomware, details) values ('CVE-2030-1', now(), false, '{}')`,
  );
  await pool.query(
    `insert into epss (cve, probability, percentile) values ('CVE-2030-2', 0.125, 0), ('CVE-2030-9', 0.5, 0)`,
  );
  await pool.query(
    `update stored_match set first_seen_at = '2026-03-29 01:02:03.456789+00' where package_id = 2
       and detail_id in (select id from match_detail where vulnerability_id = 'CVE-2030-1')`,
  );
});
afterAll(() => database.close());

const inOneInstant = <Result>(work: (db: Database) => Promise<Result>) =>
  database.db.transaction().setIsolationLevel('repeatable read').execute(work);

test('SharedDetails says of packages what one statement says', async () => {
  const details = new SharedDetails();
  const expected = await readPackageFacts(database.db, [3, 2, 1]);
  expect([...expected.keys()].sort()).toEqual([1, 2]);
  expect(expected.get(2)?.vulnerabilities).toMatchObject([
    { id: 'CVE-2030-1', knownExploited: true, firstSeenAt: new Date('2026-03-29T01:02:03.456Z') },
    { id: 'CVE-2030-2', knownExploited: false, epss: 0.5 },
  ]);
  for (const _ of ['read', 'from memory'])
    expect(await inOneInstant((db) => details.readPackageFacts(db, [3, 2, 1], 'feeds 1'))).toEqual(expected);
});

test('SharedDetails forgets what was said by other versions of the feeds, and at a change that is heard of', async () => {
  const details = new SharedDetails();
  const severityAt = async (generation: string) => {
    const facts = await inOneInstant((db) => details.readPackageFacts(db, [1], generation));
    return facts.get(1)?.vulnerabilities.map(({ severity }) => severity);
  };
  const rate = (severity: string) => database.pool.query('update match_detail set severity = $1', [severity]);
  expect(await severityAt('feeds 1')).toEqual(['low', 'low']);
  await rate('high');
  expect(await severityAt('feeds 1')).toEqual(['low', 'low']);
  expect(await severityAt('feeds 2')).toEqual(['high', 'high']);
  await rate('critical');
  details.forget();
  expect(await severityAt('feeds 2')).toEqual(['critical', 'critical']);
});
