import { describe, expect, it } from 'vitest';
import { alpineRecord, alpineRecords } from '../testing/samples/osv-fixtures.ts';
import { useSyncHarness } from '../testing/sync-harness.ts';
import { readFeedHistory } from './feed-history.ts';

const harness = useSyncHarness();
const history = (feed?: string) => readFeedHistory(harness.database.db, feed);

/** The next version of Alpine: one record of another instant each time. */
function change(day: number): void {
  const modified = `2024-06-${String(day).padStart(2, '0')}T00:00:00Z`;
  harness.mirror.setFolder('Alpine', [
    alpineRecord({ number: 1000, modified }),
    ...alpineRecords(40).slice(1),
  ]);
}

describe('the history of a feed', () => {
  it('says what each update changed', async () => {
    harness.mirror.set('/Alpine/modified_id.csv', undefined);
    await harness.sync();
    const modified = '2024-06-01T00:00:00Z';
    harness.mirror.setFolder('Alpine', [
      { ...alpineRecord({ number: 1000, modified }), withdrawn: modified },
      { ...alpineRecord({ number: 1001, modified }), withdrawn: modified },
      alpineRecord({ number: 1002, modified, fixed: '1.0-r2' }),
      alpineRecord({ number: 5000, modified }),
      ...alpineRecords(40).slice(3, 37),
    ]);
    harness.clock = new Date('2026-08-23T00:00:00Z');
    await harness.sync();
    const [second, first] = await history('Alpine');
    expect(first).toMatchObject({
      outcome: 'applied',
      source: `${harness.root}/Alpine/all.zip`,
      versionBefore: 0,
      versionAfter: 1,
      recordsBefore: 0,
      recordsAfter: 40,
      changes: { added: 40, changed: 0, withdrawn: 0, vanished: 0 },
    });
    expect(second).toMatchObject({
      source: `${harness.root}/Alpine`,
      beganAt: harness.clock,
      endedAt: harness.clock,
      attempts: 1,
      versionBefore: 1,
      versionAfter: 2,
      recordsBefore: 40,
      recordsAfter: 38,
      changes: { added: 1, changed: 1, withdrawn: 2, vanished: 3 },
    });
    expect(second?.error).toBeUndefined();
  });

  it('has nothing of an attempt that found nothing new', async () => {
    await harness.sync();
    await harness.sync();
    await harness.sync({}, { full: true });
    expect((await history()).map(({ feed }) => feed).sort()).toEqual(['Alpine', 'npm']);
  });

  it('counts what failed alike in a row as one', async () => {
    await harness.sync();
    harness.mirror.set('/Alpine/modified_id.csv', (_request, response) => response.writeHead(503).end());
    for (const day of [23, 24, 25]) {
      harness.clock = new Date(Date.UTC(2026, 7, day));
      await harness.sync();
    }
    harness.mirror.set('/Alpine/modified_id.csv', '<html>');
    await harness.sync();
    const [refused, unreachable, applied, ...others] = await history('Alpine');
    expect(refused).toMatchObject({ outcome: 'refused', attempts: 1, versionBefore: 1, versionAfter: 1 });
    expect(unreachable).toMatchObject({
      outcome: 'unreachable',
      attempts: 3,
      beganAt: new Date('2026-08-23T00:00:00Z'),
      endedAt: new Date('2026-08-25T00:00:00Z'),
      recordsBefore: 40,
      recordsAfter: 40,
    });
    expect(unreachable?.error).toMatch(/HTTP 503/);
    expect(applied?.outcome).toBe('applied');
    expect(others).toEqual([]);
    expect(await harness.feedOf('Alpine')).toMatchObject({ failures: 4, isUnreachable: false });
  });

  it('keeps ten that were applied, however many were refused since, and ten of those', async () => {
    for (let day = 1; day <= 12; day += 1) {
      change(day);
      await harness.sync();
    }
    for (let line = 1; line <= 12; line += 1) {
      harness.mirror.set('/Alpine/modified_id.csv', `${'\n'.repeat(line)}<html>`);
      await harness.sync();
    }
    const kept = await history('Alpine');
    expect(kept.map(({ outcome }) => outcome)).toEqual([
      ...Array(10).fill('refused'),
      ...Array(10).fill('applied'),
    ]);
    expect(kept.slice(10).map(({ versionAfter }) => versionAfter)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });
});
