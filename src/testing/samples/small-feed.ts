import { createHash } from 'node:crypto';
import type { Database } from '../../database/database.ts';
import type { SeverityRating } from '../../report/severity.ts';

export interface FeedRecord {
  /** The one vulnerability of the record. */
  readonly cve: string;
  /** Its own id; absent: `ALPINE-<cve>`. */
  readonly id?: string;
  /** Other ids of the vulnerability, besides. */
  readonly aliases?: readonly string[];
  readonly name: string;
  /** Absent: all versions are affected. */
  readonly fixed?: string;
  readonly severity?: SeverityRating['severity'];
  /** What its CVSS 3 vector says, besides. */
  readonly cvss?: SeverityRating['severity'];
  readonly release?: string;
  readonly withdrawn?: boolean;
}

/** Advisories for Alpine v3.6 as a synchronisation would leave them, without one; another call adds or replaces records. */
export async function storeSmallFeed(db: Database, records: readonly FeedRecord[]): Promise<void> {
  for (const record of records) {
    const id = record.id ?? `ALPINE-${record.cve}`;
    const ratings: readonly SeverityRating[] = [
      { source: 'ecosystem', record: id, severity: record.severity ?? 'high' },
      ...(record.cvss === undefined
        ? []
        : [{ source: 'cvss-v3' as const, record: id, severity: record.cvss }]),
    ];
    const row = {
      id,
      modified_at: new Date('2026-01-01T00:00:00Z'),
      published_at: null,
      withdrawn_at: record.withdrawn === true ? new Date('2026-01-02T00:00:00Z') : null,
      vulnerabilities: [record.cve],
      aliases: [id, ...(record.aliases ?? [])].filter((alias) => alias !== record.cve),
      ratings: JSON.stringify(ratings),
      summary: `Flaw in ${record.name}`,
      content_hash: createHash('sha256').update(JSON.stringify(record)).digest(),
      record: Buffer.alloc(0),
    };
    await db
      .insertInto('advisory')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    const affected = JSON.stringify({
      versions: [],
      ranges: [
        {
          type: 'ECOSYSTEM',
          events: [{ introduced: '0' }, ...(record.fixed === undefined ? [] : [{ fixed: record.fixed }])],
        },
      ],
    });
    await db
      .insertInto('advisory_package')
      .values({
        advisory_id: id,
        position: 0,
        ecosystem: 'Alpine',
        release: record.release ?? 'v3.6',
        name: record.name,
        affected,
      })
      .onConflict((conflict) => conflict.columns(['advisory_id', 'position']).doUpdateSet({ affected }))
      .execute();
  }
}

/** Feeds that were just confirmed and cover Alpine v3.6 up to `at`: they raise no doubt about an image of that release. */
export async function storeFeedStatus(db: Database, at: Date): Promise<void> {
  for (const name of ['Alpine', 'npm']) {
    const row = { name, record_count: 100, newest_record_at: at, last_attempt_at: at, last_success_at: at };
    await db
      .insertInto('feed')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
  }
  const coverage = { ecosystem: 'Alpine', release: 'v3.6', record_count: 100, data_end_at: at };
  await db
    .insertInto('release_coverage')
    .values(coverage)
    .onConflict((conflict) => conflict.columns(['ecosystem', 'release']).doUpdateSet(coverage))
    .execute();
}

/** The files of an Alpine 3.6 root file system that inspection reads, with these packages installed. */
export function alpineFiles(packages: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const installed = Object.entries(packages).map(
    ([name, version]) => `P:${name}\nV:${version}\nA:x86_64\nt:1500000000\no:${name}\n`,
  );
  return {
    'etc/os-release': 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.6.2\nPRETTY_NAME="Alpine Linux v3.6"\n',
    'lib/apk/db/installed': `${installed.join('\n')}\n`,
  };
}
