import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPromise } from 'yauzl';
import { buildZip, type ZipMember } from '../testing/samples/build-zip.ts';
import { sharedData } from '../testing/shared-data.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { readCandidates } from './candidates.ts';
import { readCveRatings } from './cve-ratings.ts';
import { feedDoubts } from './feed-doubts.ts';
import { readFeedStatus } from './feed-status.ts';
import { syncAdvisories } from './feeds/sync-advisories.ts';
import type { SyncResult } from './feeds/sync-result.ts';
import { readVulnerability } from './read-vulnerability.ts';

const shared = sharedData();
const now = new Date('2026-08-22T00:00:00Z');

/** The feeds that are read whole here; e2e/main-job.test.ts reads all 18, and all scores of EPSS. */
const whole = ['AlmaLinux', 'Alpine', 'Debian', 'Maven', 'Ubuntu', 'Wolfi'];
/** What the tests ask for in the feed of all CVEs. */
const someCves = ['CVE-2017-12615', 'CVE-2019-14697', 'CVE-2019-1547'];

describe.skipIf(shared === undefined)('the real data (../shared)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-feeds-'));
  let database: TemporaryDatabase;
  let result: SyncResult;

  const sync = () =>
    syncAdvisories({
      connection: database,
      sources: {
        roots: [folder],
        kev: `${shared}/kev/known_exploited_vulnerabilities.json`,
        epss: join(folder, 'epss.csv'),
      },
      now: () => now,
    });

  beforeAll(async () => {
    for (const name of [...whole, 'CVE']) mkdirSync(join(folder, name));
    for (const name of whole)
      symlinkSync(`${shared}/advisories/${name}/all.zip`, join(folder, name, 'all.zip'));
    writeFileSync(join(folder, 'CVE', 'all.zip'), await partOfArchive(`${shared}/advisories/CVE/all.zip`));
    writeFileSync(join(folder, 'ecosystems.txt'), `${[...whole, 'CVE'].join('\n')}\n`);
    const scores = gunzipSync(await readFile(`${shared}/epss/epss_scores-2026-08-16.csv.gz`)).toString();
    writeFileSync(join(folder, 'epss.csv'), scores.replaceAll(/^CVE-(?!2017-12\d{3},).*\n/gm, ''));
    database = await createTemporaryDatabase();
    result = await sync();
  }, 240_000);
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('imports exactly the records that its manifest counts', async () => {
    const counted = manifestCounts(await readFile(`${shared}/MANIFEST.md`, 'utf8'));
    const imported = new Map(result.feeds.map((feed) => [feed.name, feed.records]));
    expect(counted.size).toBe(18);
    for (const name of whole) expect([name, imported.get(name)]).toEqual([name, counted.get(name)]);
    expect(imported.get('KEV')).toBe(1404);
    expect(result.feeds.map((feed) => feed.name).sort()).toEqual([...whole, 'CVE', 'EPSS', 'KEV'].sort());
    expect(result.feeds.every((feed) => feed.kind === 'updated' && feed.skipped === 0)).toBe(true);
  });

  it('finds nothing to do afterwards', async () => {
    const again = await sync();
    expect(again.feeds.every((feed) => feed.kind === 'unchanged')).toBe(true);
    expect((await readFeedStatus(database.db)).every((feed) => feed.lastError === undefined)).toBe(true);
  });

  it('gives the fixes of one package for each release', async () => {
    const candidates = await readCandidates(database.db, { ecosystem: 'Alpine', names: ['musl'] });
    const fixes = candidates
      .filter((one) => one.release === 'v3.6')
      .map((one) => [one.vulnerabilities[0]?.id, one.affected.ranges[0]?.events.at(-1)]);
    expect(fixes).toEqual([
      ['CVE-2016-8859', { fixed: '1.1.15-r4' }],
      ['CVE-2017-15650', { fixed: '1.1.16-r14' }],
    ]);
  });

  it('rates operating-system CVEs whose advisories have no rating', async () => {
    const rated = await readCveRatings(database.db, ['CVE-2019-14697', 'CVE-2017-12615']);
    expect(rated.get('CVE-2019-14697')?.ratings.map((rating) => rating.severity)).toContain('critical');
    expect(rated.get('CVE-2017-12615')).toMatchObject({ knownExploited: true });
  });

  it.each([
    ['Alpine', 'v3.3', undefined],
    ['Alpine', 'v3.4', undefined],
    ['Alpine', 'v3.6', undefined],
    ['Alpine', 'v3.10', undefined],
    ['Alpine', 'v3.12', 'no-data-for-release'],
    ['Alpine', 'v3.24', 'no-data-for-release'],
    ['Alpine', 'v3.25', 'no-data-for-release'],
    ['Debian', '11', undefined],
    ['Debian', '12', 'no-data-for-release'],
    ['AlmaLinux', '10', undefined],
    ['Wolfi', '', undefined],
    ['Ubuntu', '22.04:LTS', 'no-data-for-release'],
    ['Ubuntu', '14.04:LTS', 'no-data-for-release'],
  ])('knows whether %s %s is covered', async (ecosystem, release, code) => {
    const distribution = { id: 'x', versionId: 'x', prettyName: 'x', ecosystem, release };
    const query = { distribution, ecosystems: [ecosystem], now, feedAgeMaxDays: 5 };
    expect((await feedDoubts(database.db, query))[0]?.code).toBe(code);
  });

  // Newest build times of packages in the images of ../shared: 3.4.0, 3.6.2, 3.6.5, 3.10.9. One record of v3.10 is of 2025.
  it.each([
    ['Alpine', 'v3.4', '2016-06-23', undefined],
    ['Alpine', 'v3.6', '2017-07-05', undefined],
    ['Alpine', 'v3.6', '2019-03-06', undefined],
    ['Alpine', 'v3.10', '2021-04-12', 'Alpine v3.10 end about 2020-02-04'],
    ['Debian', '11', '2024-08-01', 'Debian 11 end about 2023-03-17'],
  ])('tells whether data for %s %s ends before %s', async (ecosystem, release, builtOn, told) => {
    const distribution = { id: 'x', versionId: 'x', prettyName: 'x', ecosystem, release };
    const newestAt = new Date(builtOn);
    const query = { distribution, ecosystems: [], newestAt, now, feedAgeMaxDays: 5 };
    const message = `the advisories for ${told}, the image's newest package is of ${builtOn}`;
    expect(await feedDoubts(database.db, query)).toEqual(
      told === undefined ? [] : [{ code: 'data-older-than-image', message }],
    );
  });

  it.each(['CVE-2017-12615', 'cve-2017-12615', 'GHSA-pjfr-qf3p-3q25', 'ghsa-PJFR-qf3p-3Q25'])(
    'tells people everything about %s',
    async (id) => {
      const details = await readVulnerability(database.db, id);
      expect(details).toMatchObject({
        id: 'CVE-2017-12615',
        aliases: expect.arrayContaining(['GHSA-pjfr-qf3p-3q25']),
        knownExploited: { addedOn: '2022-03-25', ransomware: true },
      });
      expect(details?.epss?.probability).toBeGreaterThan(0.9);
      expect(details?.details.length).toBeGreaterThan(100);
      expect(details?.records.length).toBeGreaterThan(0);
      expect(details?.references.every((one) => one.url.startsWith('http'))).toBe(true);
    },
  );

  it('tells of a bundle what it is, and of each of its CVEs by itself', async () => {
    const bundle = await readVulnerability(database.db, 'DSA-4539-1');
    expect(bundle).toMatchObject({ id: 'DSA-4539-1', records: [{ id: 'DSA-4539-1' }] });
    const one = await readVulnerability(database.db, 'CVE-2019-1547');
    expect(one?.aliases).toEqual(expect.arrayContaining(['DSA-4539-1', 'ALPINE-CVE-2019-1547']));
    expect(one?.aliases).not.toContain('CVE-2019-1549');
  });

  it('knows nothing of what nobody knows', async () => {
    expect(await readVulnerability(database.db, 'CVE-2999-0001')).toBeUndefined();
  });
});

/** The table "Records per folder" of the data's manifest; the Rust zip is not part of the mirror. */
function manifestCounts(manifest: string): ReadonlyMap<string, number> {
  const rows = manifest.matchAll(/^\| ([A-Za-z][A-Za-z ]*) \| (\d+) \| \d+ \| \d+ \| [\d-]+ \|$/gm);
  return new Map([...rows].map(([, name = '', records]) => [name, Number(records)]));
}

/** The records of `someCves` of an archive, as an archive. */
async function partOfArchive(path: string): Promise<Buffer> {
  const members: ZipMember[] = [];
  const archive = await openPromise(path);
  for await (const entry of archive.eachEntry()) {
    if (!someCves.some((id) => entry.fileName === `${id}.json`)) continue;
    const bytes = await buffer(await archive.openReadStreamPromise(entry));
    members.push({ name: entry.fileName, bytes });
  }
  return buildZip(members);
}
