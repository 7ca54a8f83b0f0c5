import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useBundleHarness } from '../../testing/bundle-harness.ts';
import { isFeedStale, readFeedStatus } from '../feed-status.ts';

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
});
