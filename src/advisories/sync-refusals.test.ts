import { beforeEach, describe, expect, it } from 'vitest';
import { buildZip } from '../testing/samples/build-zip.ts';
import { alpineRecord, alpineRecords } from '../testing/samples/osv-fixtures.ts';
import { StaticMirror } from '../testing/static-mirror.ts';
import { useSyncHarness } from '../testing/sync-harness.ts';
import type { SyncOptions } from './feeds/sync-advisories.ts';

const harness = useSyncHarness();

/** Of the first record's packed bytes. */
function flippedBit(zip: Buffer): Buffer {
  const flipped = Buffer.from(zip);
  const at = flipped.indexOf('.json') + 20;
  flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
  return flipped;
}

describe('syncAdvisories() refuses a bad version and keeps the last good one (threats.md F20, F21, F22)', () => {
  beforeEach(async () => {
    await harness.acknowledged(await harness.sync());
    harness.clock = new Date('2026-08-23T00:00:00Z');
  });

  async function expectRefused(message: RegExp, options: Partial<SyncOptions> = {}): Promise<void> {
    const result = await harness.sync({}, options);
    expect(result.feeds[0]).toMatchObject({ name: 'Alpine', kind: 'failed', records: 40 });
    expect(result.feeds[0]?.error).toMatch(message);
    expect(result.feeds[1]?.kind).not.toBe('failed');
    expect(result.changedAdvisoryIds).toEqual([]);
    expect(await harness.idsFor('package-1001')).toEqual(['ALPINE-CVE-2024-1001']);
    const feed = await harness.feedOf('Alpine');
    expect(feed).toMatchObject({
      version: 1,
      recordCount: 40,
      lastAttemptAt: harness.clock,
      lastSuccessAt: new Date('2026-08-22T00:00:00Z'),
    });
    expect(feed?.lastError).toMatch(message);
  }

  const full = { full: true };
  const wholeZip = buildZip(
    alpineRecords(40).map((record) => ({
      name: `${record.id}.json`,
      bytes: Buffer.from(JSON.stringify(record)),
    })),
  );

  it.each([
    ['a truncated zip', wholeZip.subarray(0, wholeZip.length - 100), /whole zip file/],
    ['a zip with a flipped bit', flippedBit(wholeZip), /entry "ALPINE-CVE-2024-1000" is damaged/],
    [
      'a zip bomb',
      buildZip([{ name: 'ALPINE-CVE-2024-1000.json', bytes: Buffer.alloc(17 * 2 ** 20) }]),
      /must unpack to at most 16777216 bytes/,
    ],
    ['a page of HTML', Buffer.from('<html><body>Please sign in</body></html>'), /HTML page/],
    ['an empty zip', buildZip([]), /must hold records, got none/],
    [
      'a zip of other JSON',
      buildZip(
        alpineRecords(40).map(({ id }) => ({ name: `${id}.json`, bytes: Buffer.from('{"schema":2}') })),
      ),
      /at least 90 % of its 40 records must be readable, got 40 bad ones/,
    ],
    [
      'a zip with over 30 % fewer records',
      buildZip(
        alpineRecords(27).map((record) => ({
          name: `${record.id}.json`,
          bytes: Buffer.from(JSON.stringify(record)),
        })),
      ),
      /at least 70 % of the 40 records held, got 27/,
    ],
    [
      'an older zip',
      buildZip(
        alpineRecords(40).map((record) => ({
          name: `${record.id}.json`,
          bytes: Buffer.from(JSON.stringify({ ...record, modified: '2023-01-01T00:00:00Z' })),
        })),
      ),
      /must not be older than what is held/,
    ],
  ])('%s', async (_condition, zip, message) => {
    harness.mirror.set('/Alpine/all.zip', zip);
    await expectRefused(message, full);
  });

  it.each([
    ['a list that is a page of HTML', '<html>\n', /line 1 must be/],
    ['a list with over 30 % fewer records', undefined, /got 20/],
    ['an empty list', '', /got 0/],
  ])('%s', async (_condition, list, message) => {
    const short = alpineRecords(20).map((record) => `${record.modified},${record.id}\n`);
    harness.mirror.set('/Alpine/modified_id.csv', list ?? short.join(''));
    await expectRefused(message);
  });

  describe('a version that went back behind a record that is dated in the future (threats.md F22)', () => {
    const future = (modified: string) => alpineRecord({ number: 1040, modified });
    const of = (year: number) =>
      alpineRecords(40).map((record) => ({ ...record, modified: `${year}-01-01T00:00:00Z` }));

    beforeEach(async () => {
      harness.mirror.setFolder('Alpine', [...alpineRecords(40), future('2027-07-09T00:00:00Z')]);
      await harness.acknowledged(await harness.sync());
    });

    it.each([
      ['by its list', {}],
      ['whole', full],
    ])('%s', async (_condition, options) => {
      const held = await harness.feedOf('Alpine');
      harness.clock = new Date('2026-08-24T00:00:00Z');
      harness.mirror.setFolder('Alpine', [...of(2023), future('2027-07-09T00:00:00Z')]);
      const result = await harness.sync({}, options);
      expect(result.feeds[0]).toMatchObject({ name: 'Alpine', kind: 'failed', records: 41 });
      expect(result.feeds[0]?.error).toMatch(/must not be older than what is held/);
      expect((await harness.feedOf('Alpine'))?.lastSuccessAt).toEqual(held?.lastSuccessAt);
    });

    it.each([
      ['by its list', {}],
      ['whole', full],
    ])('but not the correction of that record, %s', async (_condition, options) => {
      const newestRecordAt = new Date('2026-08-22T00:00:00Z');
      const corrected = future(newestRecordAt.toISOString());
      harness.mirror.setFolder('Alpine', [...alpineRecords(40), corrected]);
      expect((await harness.sync({}, options)).feeds[0]).toMatchObject({ kind: 'updated', records: 41 });
      expect(await harness.feedOf('Alpine')).toMatchObject({ newestRecordAt, failures: 0 });
    });
  });

  it('a mirror that answers 503', async () => {
    harness.mirror.set('/Alpine/modified_id.csv', (_request, response) => response.writeHead(503).end());
    await expectRefused(/HTTP 503/);
  });

  it('an ecosystem that the mirror no longer lists', async () => {
    harness.mirror.set('/ecosystems.txt', 'npm\n');
    const result = await harness.sync();
    expect(result.feeds).toContainEqual(
      expect.objectContaining({
        name: 'Alpine',
        kind: 'failed',
        error: 'no mirror lists this ecosystem any more',
      }),
    );
    expect(await harness.idsFor('package-1001')).toEqual(['ALPINE-CVE-2024-1001']);
  });

  it('takes over a smaller or older version by force', async () => {
    harness.mirror.setFolder(
      'Alpine',
      alpineRecords(5).map((record) => ({ ...record, modified: '2023-01-01T00:00:00Z' })),
    );
    const result = await harness.sync({}, { force: true, full: true });
    expect(result.feeds[0]).toMatchObject({ kind: 'updated', records: 5 });
  });

  it('uses the next mirror when the first fails', async () => {
    const second = new StaticMirror();
    const secondRoot = await second.start();
    try {
      second.set('/ecosystems.txt', 'Alpine\n');
      second.setFolder('Alpine', [
        alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' }),
        ...alpineRecords(40),
      ]);
      harness.mirror.set('/Alpine/modified_id.csv', '<html>');
      const result = await harness.sync({ roots: [harness.root, secondRoot] });
      expect(result.feeds[0]).toMatchObject({ name: 'Alpine', kind: 'updated', records: 41 });
      expect(await harness.feedOf('Alpine')).toMatchObject({ source: `${secondRoot}/Alpine` });
    } finally {
      await second.stop();
    }
  });

  it.each([
    ['is away', undefined],
    ['has an older version', '2023-01-01T00:00:00Z'],
    ['has a broken one', '<html>'],
  ])('uses the next mirror when the first %s', async (_condition, content) => {
    const second = new StaticMirror();
    const secondRoot = await second.start();
    try {
      second.set('/ecosystems.txt', 'Alpine\nnpm\n');
      second.setFolder('Alpine', [
        alpineRecord({ number: 5000, modified: '2024-05-02T00:00:00Z' }),
        ...alpineRecords(40),
      ]);
      if (content?.startsWith('2023'))
        harness.mirror.setFolder(
          'Alpine',
          alpineRecords(40).map((one) => ({ ...one, modified: content })),
        );
      else if (content !== undefined) harness.mirror.set('/Alpine/all.zip', content);
      const first = content === undefined ? 'http://127.0.0.1:9' : harness.root;
      const result = await harness.sync({ roots: [first, secondRoot] }, full);
      expect(result.feeds.find(({ name }) => name === 'Alpine')).toMatchObject({
        kind: 'updated',
        records: 41,
      });
      expect(await harness.feedOf('Alpine')).toMatchObject({ source: `${secondRoot}/Alpine/all.zip` });
    } finally {
      await second.stop();
    }
  });

  it('says of every held feed that no mirror answers', async () => {
    const result = await harness.sync({ roots: ['http://127.0.0.1:9'] });
    expect(result.feeds.map((feed) => [feed.name, feed.kind])).toEqual([
      ['ecosystems.txt', 'failed'],
      ['Alpine', 'failed'],
      ['npm', 'failed'],
    ]);
    expect((await harness.feedOf('npm'))?.lastError).toMatch(
      /Cannot read "http:\/\/127.0.0.1:9\/ecosystems.txt"/,
    );
  });
});
