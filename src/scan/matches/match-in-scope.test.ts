import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Changes } from '../../advisories/feeds/pending-changes.ts';
import { type FeedRecord, storeSmallFeed } from '../../testing/samples/small-feed.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { matchPackages } from './match-packages.ts';
import { reMatch } from './re-match.ts';

const today = new Date('2026-01-10T00:00:00Z');
const known: FeedRecord = { cve: 'CVE-2026-1', name: 'musl', fixed: '9-r0', severity: 'low' };
const changes: Changes = {
  changedAdvisoryIds: ['ALPINE-CVE-2026-1'],
  changedVulnerabilityIds: ['CVE-2026-1'],
  changedCves: [],
  changedPackages: [{ ecosystem: 'Alpine', name: 'musl' }],
};

let database: TemporaryDatabase;

beforeEach(async () => {
  database = await createTemporaryDatabase();
  await storeSmallFeed(database.db, [known]);
  await addPackages(['1-r0', '2-r0', '3-r0']);
});
afterEach(() => database.drop());

async function addPackages(versions: readonly string[]): Promise<void> {
  const { rows } = await database.pool.query<{ id: number }>(
    `insert into package (ecosystem, release, name, version, source_name, source_version, module)
     select 'Alpine', 'v3.6', 'musl', v, 'musl', v, '' from unnest($1::text[]) v returning id`,
    [versions],
  );
  await database.db.transaction().execute((transaction) =>
    matchPackages(
      transaction,
      rows.map(({ id }) => id),
      { onlyNew: true },
    ),
  );
}

const change = async (record: Partial<FeedRecord>) => {
  await storeSmallFeed(database.db, [{ ...known, ...record }]);
  return await reMatch(database, changes, { now: today });
};

/** Each match with what it says, and the place of its row, which another writing of it would change. */
async function stored(): Promise<{
  rows: readonly string[];
  said: readonly unknown[];
  details: readonly number[];
}> {
  const { rows } = await database.pool.query<{
    place: string;
    version: string;
    severity: string;
    over: boolean;
  }>(
    `select m.ctid::text as place, p.version, d.severity, m.resolved_at is not null as over
     from stored_match m join match_detail d on d.id = m.detail_id join package p on p.id = m.package_id
     order by p.version`,
  );
  const details = await database.pool.query<{ id: number }>('select id from match_detail order by id');
  return {
    rows: rows.map(({ place }) => place),
    said: rows.map(({ version, severity, over }) => `${version} ${severity}${over ? ' over' : ''}`),
    details: details.rows.map(({ id }) => id),
  };
}

describe('matchInScope()', () => {
  it('rewrites one row where all packages of which the same is said come to the same', async () => {
    const before = await stored();
    expect(before.details).toHaveLength(1);
    expect(await change({ severity: 'critical' })).toMatchObject({ packages: 3, changedPackages: 3 });
    expect(await stored()).toEqual({ ...before, said: ['1-r0 critical', '2-r0 critical', '3-r0 critical'] });
    const counts = await database.db.selectFrom('package_count').select(['low', 'critical']).execute();
    expect(counts).toEqual([1, 2, 3].map(() => ({ low: 0, critical: 1 })));
    const noted = await database.db
      .selectFrom('match_change')
      .select(['change', 'previous_severity'])
      .execute();
    expect(noted).toEqual([1, 2, 3].map(() => ({ change: 'severity-changed', previous_severity: 'low' })));
  });

  it('leaves what was resolved as it was when it ended, and nothing that nobody refers to', async () => {
    await change({ fixed: '3-r0' });
    const split = await stored();
    expect(split.said).toEqual(['1-r0 low', '2-r0 low', '3-r0 low over']);
    expect(split.details).toHaveLength(2);
    await change({ fixed: '3-r0', severity: 'high' });
    expect((await stored()).said).toEqual(['1-r0 high', '2-r0 high', '3-r0 low over']);
    await change({ severity: 'high' });
    expect((await stored()).said).toEqual(['1-r0 high', '2-r0 high', '3-r0 high']);
    expect((await stored()).details).toHaveLength(1);
  });

  it('lets nothing refer to what says something else from now on', async () => {
    await change({ fixed: '3-r0' }); // 1 and 2 are affected
    await change({ fixed: '2-r0' }); // 1 alone, by another fix; that of before is no more
    await change({ fixed: '3-r0' }); // 2 comes back to what 1 says anew
    expect((await stored()).said).toEqual(['1-r0 low', '2-r0 low', '3-r0 low over']);
    const { rows } = await database.pool.query(
      'select distinct fixed_version, resolved_at is not null as over from package_match order by 1',
    );
    expect(rows).toEqual([
      { fixed_version: '3-r0', over: false },
      { fixed_version: '9-r0', over: true },
    ]);
  });

  it('refers to what already says the same', async () => {
    await change({ severity: 'high' });
    await addPackages(['4-r0']);
    expect((await stored()).details).toHaveLength(1);
    expect((await stored()).said).toHaveLength(4);
  });
});
