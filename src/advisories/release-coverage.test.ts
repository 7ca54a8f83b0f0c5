import { expect, it } from 'vitest';
import { createTemporaryDatabase } from '../testing/temporary-database.ts';
import { readFeedKnowledge } from './feed-doubts.ts';

it('release_coverage is written by servers of the version before, and read by them (threats.md F29)', async () => {
  const database = await createTemporaryDatabase();
  try {
    const { pool, db } = database;
    const at = new Date('2026-01-01T00:00:00Z');
    await pool.query(
      `insert into release_coverage (ecosystem, release, record_count, newest_record_at) values ('Alpine', 'v3.6', 1, $1)`,
      [at],
    );
    await pool.query(
      `insert into release_coverage (ecosystem, release, record_count, data_end_at) values ('Alpine', 'v3.7', 1, $1)`,
      [at],
    );
    expect((await readFeedKnowledge(db)).coverage.map(({ dataEndAt }) => dataEndAt)).toEqual([at, at]);
    const { rows } = await pool.query('select newest_record_at from release_coverage');
    expect(rows).toEqual([{ newest_record_at: at }, { newest_record_at: at }]);
  } finally {
    await database.drop();
  }
});
