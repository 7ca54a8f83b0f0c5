import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useBundleHarness } from '../../testing/bundle-harness.ts';
import { npmRecord } from '../../testing/samples/osv-fixtures.ts';
import { isFeedStale, readFeedStatus } from '../feed-status.ts';
import { freeSyncLock, takeSyncLock } from '../feeds/sync-lock.ts';
import { type BundleSource, openBundle } from './bundle.ts';
import { openBundleFile } from './bundle-file.ts';

const harness = useBundleHarness();

/** Everything that matching reads, and what is told of feeds except how they came. */
const held = [
  'select id, modified_at, vulnerabilities, aliases, ratings, summary, content_hash, record from advisory order by id',
  'select * from advisory_package order by advisory_id, position',
  'select * from feed_advisory order by feed, advisory_id',
  'select * from cve order by id',
  'select * from known_exploited order by cve',
  'select * from epss order by cve',
  'select name, record_count, newest_record_at, last_success_at, last_error from feed order by name',
];

async function stateOf(connection: { pool: { query(text: string): Promise<{ rows: unknown[] }> } }) {
  return await Promise.all(held.map(async (query) => (await connection.pool.query(query)).rows));
}

describe('a bundle of advisories', () => {
  it('gives an empty installation the same feeds, of the same age (threats.md F22), and the same bundle again', async () => {
    await harness.fill();
    const path = await harness.exported('first.tar');
    const { clock } = harness.sync;
    harness.sync.clock = new Date(clock.getTime() + 6 * 86_400_000);
    const { kind, result, keyId, version } = await harness.imported(path);
    expect({ kind, keyId, version }).toEqual({
      kind: 'imported',
      keyId: harness.trusted[0]?.id,
      version: clock.getTime(),
    });
    expect(result.feeds.map((feed) => [feed.name, feed.kind, feed.records])).toEqual([
      ['Alpine', 'updated', 40],
      ['npm', 'updated', 1],
      ['CVE', 'updated', 2],
      ['KEV', 'updated', 1],
      ['EPSS', 'updated', 2],
    ]);
    expect(await stateOf(harness.target)).toEqual(await stateOf(harness.sync.database));
    const [alpine] = await readFeedStatus(harness.target.db);
    expect(alpine).toMatchObject({
      lastAttemptAt: harness.sync.clock,
      lastSuccessAt: clock,
      source: `${path}/Alpine/all.zip`,
    });
    expect(alpine && isFeedStale(alpine, { now: harness.sync.clock, feedAgeMaxDays: 5 })).toBe(true);
    const again = await harness.exported('again.tar', { from: harness.target });
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true);
  });

  it('is read only where it has other bytes than the last one, and tells the age of all its feeds', async () => {
    const { sync, target } = harness;
    await harness.fill();
    expect(await importReading('first.tar')).toEqual(['Alpine', 'CVE', 'EPSS', 'KEV', 'npm']);
    const next = async (name: string) => {
      sync.clock = new Date(sync.clock.getTime() + 86_400_000);
      sync.mirror.setFolder('npm', [npmRecord('GHSA-aaaa-bbbb-cccc', sync.clock.toISOString())]);
      await harness.fill();
      return await importReading(name);
    };
    expect(await next('next.tar')).toEqual(['npm']);
    expect(await stateOf(target)).toEqual(await stateOf(sync.database));
    // What a mirror brought since, and what a version of ours read that reads otherwise.
    await target.pool.query(`update feed set validators = '{}' where name = 'Alpine'`);
    await target.pool.query(`update feed set reader_version = 0 where name = 'CVE'`);
    expect(await next('other.tar')).toEqual(['Alpine', 'CVE', 'npm']);
    expect(await stateOf(target)).toEqual(await stateOf(sync.database));
  });
});

it('importBundle() waits for a synchronisation that runs, and takes over what that leaves (threats.md F25)', async () => {
  const { sync, target } = harness;
  await harness.fill();
  await harness.imported(await harness.exported('first.tar'));
  sync.clock = new Date(sync.clock.getTime() + 86_400_000);
  sync.mirror.setFolder('npm', [npmRecord('GHSA-aaaa-bbbb-cccc', sync.clock.toISOString())]);
  await harness.fill();
  const path = await harness.exported('next.tar');
  const mirrors = await target.pool.connect();
  try {
    expect(await takeSyncLock(mirrors)).toBe(true);
    const waiting = Promise.withResolvers<void>();
    const imported = harness.imported(path, { onWaiting: waiting.resolve });
    await waiting.promise;
    // What is held now is of the mirror, no longer the bytes of the last bundle.
    await mirrors.query(`update feed set validators = '{}' where name = 'Alpine'`);
    await freeSyncLock(mirrors);
    const { result } = await imported;
    expect(result.feeds.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(await stateOf(target)).toEqual(await stateOf(sync.database));
  } finally {
    mirrors.release();
  }
});

/** Imports a bundle of what the first installation holds; returns the feeds whose bytes were fetched for it. */
async function importReading(name: string): Promise<readonly string[]> {
  await using file = await openBundleFile(await harness.exported(name));
  const { config } = await openBundle(file);
  const fetched = new Set<string>();
  const source: BundleSource = {
    name: file.name,
    readManifest: () => file.readManifest(),
    open: (descriptor) => {
      fetched.add(descriptor.digest);
      return file.open(descriptor);
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const { result } = await harness.imported(source);
  expect(result.feeds.map(({ kind }) => kind)).not.toContain('failed');
  return config.feeds.filter(({ digest }) => fetched.has(digest)).map((feed) => feed.name);
}
