import { beforeEach, describe, expect, it } from 'vitest';
import { alpineRecord, alpineRecords, npmRecord } from '../../testing/samples/osv-fixtures.ts';
import { useSyncHarness } from '../../testing/sync-harness.ts';
import { readCandidates } from '../candidates.ts';
import { readFeedKnowledge } from '../feed-doubts.ts';
import { readAdvisoryRecord } from '../osv/read-advisory-record.ts';
import type { SyncResult } from './sync-result.ts';

const harness = useSyncHarness();

describe('syncAdvisories() the first time', () => {
  it('imports every listed folder whole', async () => {
    const result = await harness.sync();
    expect(result.feeds).toEqual([
      { name: 'Alpine', kind: 'updated', records: 40, skipped: 0 },
      { name: 'npm', kind: 'updated', records: 1, skipped: 0 },
    ]);
    expect(result.changedAdvisoryIds.length).toBe(41);
    expect(result.changedPackages).toContainEqual({ ecosystem: 'Alpine', name: 'package-1000' });
    expect(harness.mirror.requests).toEqual([
      '/ecosystems.txt',
      '/Alpine/all.zip',
      '/npm/all.zip',
      '/CVE/all.zip',
    ]);
    expect(await harness.feedOf('Alpine')).toEqual({
      name: 'Alpine',
      recordCount: 40,
      skippedCount: 0,
      version: 1,
      matchedVersion: 0,
      failures: 0,
      isUnreachable: false,
      newestRecordAt: new Date('2024-05-01T10:00:00.500Z'),
      lastAttemptAt: harness.clock,
      lastSuccessAt: harness.clock,
      source: `${harness.root}/Alpine/all.zip`,
    });
  });

  it.each([
    [3, '2024-05-01T10:00:00.500Z'],
    [4, '2030-01-01T00:00:00.000Z'],
  ])('says that data ends where it does although %i stragglers came later: %s', async (stragglers, end) => {
    const late = Array.from({ length: stragglers }, (_, index) =>
      alpineRecord({ number: 2000 + index, modified: '2030-01-01T00:00:00Z' }),
    );
    harness.mirror.setFolder('Alpine', [...alpineRecords(40), ...late]);
    await harness.sync();
    const { coverage } = await readFeedKnowledge(harness.database.db);
    expect(coverage.find(({ release }) => release === 'v3.6')).toEqual({
      ecosystem: 'Alpine',
      release: 'v3.6',
      recordCount: 40 + stragglers,
      dataEndAt: new Date(end),
    });
  });

  it('gives candidates by package and keeps the record as it was served', async () => {
    await harness.sync();
    expect(
      await readCandidates(harness.database.db, { ecosystem: 'Alpine', names: ['package-1003', 'none'] }),
    ).toEqual([
      {
        advisoryId: 'ALPINE-CVE-2024-1003',
        ecosystem: 'Alpine',
        release: 'v3.6',
        name: 'package-1003',
        affected: {
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.0-r1' }] }],
          versions: [],
        },
        vulnerabilities: [{ id: 'CVE-2024-1003', aliases: ['ALPINE-CVE-2024-1003'] }],
        ratings: [],
        withdrawn: false,
      },
    ]);
    expect(JSON.parse((await readAdvisoryRecord(harness.database.db, 'ALPINE-CVE-2024-1003')) ?? '')).toEqual(
      alpineRecords(40)[3],
    );
  });

  it('reads only the folders that are asked for', async () => {
    expect((await harness.sync({ ecosystems: ['npm'] })).feeds.map((feed) => feed.name)).toEqual(['npm']);
  });

  it('skips a bad record and says so', async () => {
    harness.mirror.setFolder('Alpine', [
      ...alpineRecords(39),
      { ...alpineRecord({ number: 9999, modified: '2024-01-01T00:00:00Z' }), affected: {} },
    ]);
    expect((await harness.sync()).feeds[0]).toEqual({
      name: 'Alpine',
      kind: 'updated',
      records: 39,
      skipped: 1,
      error: 'skipped "ALPINE-CVE-2024-9999": "affected" is not a list',
    });
    expect(await harness.feedOf('Alpine')).toMatchObject({ skippedCount: 1 });
  });

  it('never offers a withdrawn record', async () => {
    harness.mirror.setFolder('Alpine', [
      { ...alpineRecord({ number: 1, modified: '2024-05-01T00:00:00Z' }), withdrawn: '2024-06-01T00:00:00Z' },
    ]);
    await harness.sync();
    expect(await harness.idsFor('package-1')).toEqual([]);
    expect(await readAdvisoryRecord(harness.database.db, 'ALPINE-CVE-2024-1')).toContain('withdrawn');
  });

  it('takes text that COPY and JSON treat as special', async () => {
    const summary = 'tab\t line\n back\\slash "quotes" \\N \\. {a,b} é 漢 😀';
    harness.mirror.setFolder('Alpine', [
      {
        ...alpineRecord({ number: 1, modified: '2024-05-01T00:00:00Z' }),
        summary,
        aliases: ['a"b\\c,{}', 'CVE-2024-1'],
      },
    ]);
    await harness.sync();
    const row = await harness.database.db
      .selectFrom('advisory')
      .selectAll()
      .where('id', '=', 'ALPINE-CVE-2024-1')
      .executeTakeFirst();
    expect(row).toMatchObject({ summary, aliases: expect.arrayContaining(['a"b\\c,{}']) });
  });
});

describe('syncAdvisories() afterwards', () => {
  beforeEach(async () => {
    await harness.acknowledged(await harness.sync());
    harness.mirror.requests.length = 0;
    harness.clock = new Date('2026-08-23T00:00:00Z');
  });

  it('reads only the lists when nothing changed, and then not even those', async () => {
    const lists = ['/ecosystems.txt', '/Alpine/modified_id.csv', '/npm/modified_id.csv', '/CVE/all.zip'];
    const result = await harness.sync();
    expect(result.feeds.map((feed) => feed.kind)).toEqual(['unchanged', 'unchanged']);
    expect(harness.mirror.requests).toEqual(lists);
    expect(await harness.feedOf('Alpine')).toMatchObject({ version: 1, lastSuccessAt: harness.clock });

    await harness.sync();
    expect(harness.mirror.requests.filter((path) => path.startsWith('304 '))).toEqual([
      '304 /Alpine/modified_id.csv',
      '304 /npm/modified_id.csv',
    ]);
  });

  it('fetches only what changed and names what it named before and after', async () => {
    const changed = alpineRecord({
      number: 1001,
      modified: '2024-05-01T10:00:00.501Z',
      fixed: '1.0-r2',
      name: 'renamed',
    });
    const added = alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' });
    harness.mirror.setFolder('Alpine', [
      added,
      changed,
      ...alpineRecords(40).filter((record) => record.id !== changed.id),
    ]);
    const result = await harness.sync();
    expect(harness.mirror.requests.filter((path) => path.endsWith('.json')).sort()).toEqual([
      '/Alpine/ALPINE-CVE-2024-1001.json',
      '/Alpine/ALPINE-CVE-2024-5000.json',
    ]);
    expect(result.changedAdvisoryIds).toEqual(['ALPINE-CVE-2024-1001', 'ALPINE-CVE-2024-5000']);
    expect(result.changedPackages.map((one) => one.name)).toEqual([
      'package-1001',
      'package-5000',
      'renamed',
    ]);
    expect(await harness.idsFor('renamed', 'package-1001')).toEqual(['ALPINE-CVE-2024-1001']);
    expect(await harness.feedOf('Alpine')).toMatchObject({ version: 2, recordCount: 41 });
  });

  it('applies a correction that is dated back, and asks again until the mirror serves what it lists', async () => {
    const corrected = {
      ...alpineRecord({ number: 1001, modified: '2024-04-01T00:00:00Z' }),
      withdrawn: '2024-04-01T00:00:00Z',
    };
    const before = alpineRecords(40);
    harness.mirror.setFolder('Alpine', [...before.filter(({ id }) => id !== corrected.id), corrected]);
    const path = `/Alpine/${corrected.id}.json`;
    harness.mirror.set(path, JSON.stringify(before[1]));
    expect((await harness.sync()).changedAdvisoryIds).toEqual([]);
    harness.mirror.set(path, JSON.stringify(corrected));
    expect((await harness.sync()).changedAdvisoryIds).toEqual([corrected.id]);
    expect(await harness.idsFor('package-1001')).toEqual([]);
    expect(harness.mirror.requests).not.toContain('/Alpine/all.zip');
  });

  it('keeps the newer version of a record that another folder lists at an earlier date', async () => {
    const newer = alpineRecord({ number: 1000, modified: '2024-05-02T00:00:00Z', name: 'newer' });
    harness.mirror.setFolder('npm', [npmRecord('GHSA-aaaa-bbbb-cccc', '2024-01-01T00:00:00Z'), newer]);
    const added = alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' });
    await harness.acknowledged(await harness.sync());
    harness.mirror.setFolder('Alpine', [added, ...alpineRecords(40)]);
    expect((await harness.sync()).changedAdvisoryIds).toEqual([added.id]);
    expect(harness.mirror.requests).toContain(`/Alpine/${newer.id}.json`);
    expect(await harness.idsFor('newer', 'package-1000')).toEqual([newer.id]);
    expect(await readAdvisoryRecord(harness.database.db, newer.id)).toContain('newer');
  });

  it('falls back to the whole feed when a single file is missing', async () => {
    harness.mirror.setFolder('Alpine', [
      alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' }),
      ...alpineRecords(40),
    ]);
    harness.mirror.set('/Alpine/ALPINE-CVE-2024-5000.json', undefined);
    expect((await harness.sync()).changedAdvisoryIds).toEqual(['ALPINE-CVE-2024-5000']);
    expect(harness.mirror.requests).toContain('/Alpine/all.zip');
  });

  it('reads the whole feed when much has changed', async () => {
    harness.mirror.setFolder(
      'Alpine',
      alpineRecords(40).map((record) => ({ ...record, modified: '2024-06-01T00:00:00Z' })),
    );
    expect((await harness.sync()).changedAdvisoryIds.length).toBe(40);
    expect(harness.mirror.requests.filter((path) => path.startsWith('/Alpine/'))).toEqual([
      '/Alpine/modified_id.csv',
      '/Alpine/all.zip',
    ]);
  });

  it('drops records that the mirror no longer lists', async () => {
    harness.mirror.setFolder('Alpine', alpineRecords(40).slice(0, 38));
    const result = await harness.sync();
    expect(result.changedAdvisoryIds).toEqual(['ALPINE-CVE-2024-1038', 'ALPINE-CVE-2024-1039']);
    expect(result.changedPackages).toContainEqual({ ecosystem: 'Alpine', name: 'package-1039' });
    expect(await harness.idsFor('package-1039', 'package-1001')).toEqual(['ALPINE-CVE-2024-1001']);
    expect(await harness.feedOf('Alpine')).toMatchObject({ recordCount: 38, version: 2 });
  });

  it('keeps a record that vanishes from one folder and stays in another', async () => {
    const shared = alpineRecord({ number: 1000, modified: '2024-05-01T10:00:00.500Z' });
    harness.mirror.setFolder('npm', [npmRecord('GHSA-aaaa-bbbb-cccc', '2024-01-01T00:00:00Z'), shared]);
    await harness.acknowledged(await harness.sync());
    harness.mirror.setFolder('Alpine', alpineRecords(40).slice(1));
    const result = await harness.sync();
    expect(result.changedAdvisoryIds).toEqual([]);
    expect(await harness.idsFor('package-1000')).toEqual([shared.id]);
  });

  it('keeps the held version of a record that turns bad', async () => {
    const bad = { ...alpineRecord({ number: 1001, modified: '2024-06-01T00:00:00Z' }), affected: 'nonsense' };
    harness.mirror.setFolder('Alpine', [bad, ...alpineRecords(40).filter((record) => record.id !== bad.id)]);
    expect((await harness.sync()).feeds[0]).toMatchObject({ skipped: 1, records: 40 });
    expect(await harness.idsFor('package-1001')).toEqual(['ALPINE-CVE-2024-1001']);
  });

  it('gives changes again until they are acknowledged', async () => {
    harness.mirror.setFolder('Alpine', [
      alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' }),
      ...alpineRecords(40),
    ]);
    await harness.sync();
    const again = await harness.sync();
    expect(again.changedAdvisoryIds).toEqual(['ALPINE-CVE-2024-5000']);
    await harness.acknowledged(again);
    expect((await harness.sync()).changedAdvisoryIds).toEqual([]);
  });

  it('reads again whole what an older reader stored', async () => {
    await harness.database.pool.query('update feed set reader_version = 0');
    expect((await harness.sync()).changedAdvisoryIds.length).toBe(41);
    expect(await harness.feedOf('Alpine')).toMatchObject({ version: 2 });
    harness.mirror.requests.length = 0;
    await harness.sync();
    expect(harness.mirror.requests).not.toContain('/Alpine/all.zip');
  });
});

describe('syncAdvisories() alone and interrupted', () => {
  it('does nothing while another replica synchronises', async () => {
    let second: SyncResult | undefined;
    harness.mirror.set('/ecosystems.txt', (_request, response) => {
      void harness.sync().then((result) => {
        second = result;
        response.writeHead(200).end('Alpine\n');
      });
    });
    expect((await harness.sync()).alreadyRunning).toBe(false);
    expect(second).toMatchObject({ alreadyRunning: true, feeds: [] });
  });

  it('stops when told and leaves the last good version', async () => {
    await harness.acknowledged(await harness.sync());
    const controller = new AbortController();
    const stopAtApply = (progress: { phase: string }) => {
      if (progress.phase === 'apply') controller.abort(new Error('stopped'));
    };
    harness.mirror.setFolder('Alpine', alpineRecords(35));
    const stopped = harness.sync({}, { signal: controller.signal, onProgress: stopAtApply });
    await expect(stopped).rejects.toThrow('stopped');
    expect(await harness.feedOf('Alpine')).toMatchObject({ recordCount: 40, version: 1 });
    expect(await harness.idsFor('package-1039')).toEqual(['ALPINE-CVE-2024-1039']);
    expect((await harness.sync()).feeds[0]).toMatchObject({ kind: 'updated', records: 35 });
  });
});
