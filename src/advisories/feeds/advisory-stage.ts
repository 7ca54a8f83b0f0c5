import { createHash } from 'node:crypto';
import type pg from 'pg';
import { vulnerabilitiesOf } from '../../matching/vulnerability-ids.ts';
import { type OsvRecord, readOsvRecord } from '../osv/osv-record.ts';
import { recordRatings } from '../osv/record-ratings.ts';
import type { RawRecord } from '../osv/zip-records.ts';
import { copyLine, copyRows } from './copy-rows.ts';
import {
  type ApplyOptions,
  type FeedTotals,
  millisecondsOf,
  type RecordStage,
  type Staged,
} from './record-stage.ts';
import { countChanges, type RecordChanges } from './record-update.ts';

const advisoryColumns =
  'id, modified_at, published_at, withdrawn_at, vulnerabilities, aliases, ratings, summary, content_hash, record';
const packageColumns = 'advisory_id, position, ecosystem, release, name, affected';

/** Half a surrogate pair or NUL inside JSON: PostgreSQL's jsonb refuses them, so such a record is bad by itself. */
const unstorableJson = /\\u(?:0000|d[89a-f])/i;

const summaryLengthMax = 300;

/** The stage of ecosystem feeds: tables `advisory`, `advisory_package` and `feed_advisory`. */
export class AdvisoryStage implements RecordStage {
  readonly #feed: string;
  #advisories: string[] = [];
  #packages: string[] = [];

  constructor(feed: string) {
    this.#feed = feed;
  }

  async readHeld(client: pg.ClientBase): Promise<ReadonlyMap<string, number>> {
    const { rows } = await client.query<{ id: string; modified_ms: number }>(
      `select a.id, ${millisecondsOf('a.modified_at')} as modified_ms
       from feed_advisory f join advisory a on a.id = f.advisory_id where f.feed = $1`,
      [this.#feed],
    );
    return new Map(rows.map((row) => [row.id, row.modified_ms]));
  }

  async begin(client: pg.ClientBase): Promise<void> {
    await client.query(`
      create temp table staged_advisory (like advisory) on commit drop;
      create temp table staged_package (like advisory_package) on commit drop;
      create temp table changed_record (id text primary key) on commit drop;
      create temp table gone_record (id text primary key) on commit drop;`);
  }

  add(raw: RawRecord): Staged {
    const result = readOsvRecord(raw.json.toString('utf8'));
    if (result.kind === 'bad') return { kind: 'bad', id: raw.id, reason: result.reason };
    const { record } = result;
    if (record.id !== raw.id) {
      return { kind: 'bad', id: raw.id, reason: "its id is another than its file's name" };
    }
    const packages = packageLines(record);
    const ratings = JSON.stringify(recordRatings(record));
    if (packages === undefined || unstorableJson.test(ratings)) {
      return { kind: 'bad', id: raw.id, reason: 'it holds characters that cannot be stored' };
    }
    this.#advisories.push(advisoryLine(record, raw, ratings));
    this.#packages.push(...packages);
    return { kind: 'ok', id: record.id, modifiedAtMs: record.modifiedAt.getTime() };
  }

  async flush(client: pg.ClientBase): Promise<void> {
    const [advisories, packages] = [this.#advisories, this.#packages];
    this.#advisories = [];
    this.#packages = [];
    await copyRows(client, `staged_advisory (${advisoryColumns})`, advisories);
    await copyRows(client, `staged_package (${packageColumns})`, packages);
  }

  async apply(client: pg.ClientBase, options: ApplyOptions): Promise<RecordChanges> {
    const changes = await this.#findChanges(client, options);
    if (countChanges(changes) === 0) return changes;
    await recordChanges(client);
    await client.query(`
      delete from advisory where id in (
        select id from gone_record where not exists (select from feed_advisory f where f.advisory_id = id));
      delete from advisory_package where advisory_id in (select id from changed_record);
      insert into advisory (${advisoryColumns})
        select ${advisoryColumns} from staged_advisory join changed_record using (id)
        on conflict (id) do update set
          modified_at = excluded.modified_at, published_at = excluded.published_at,
          withdrawn_at = excluded.withdrawn_at, vulnerabilities = excluded.vulnerabilities,
          aliases = excluded.aliases, ratings = excluded.ratings, summary = excluded.summary,
          content_hash = excluded.content_hash, record = excluded.record;
      insert into advisory_package (${packageColumns})
        select ${packageColumns} from staged_package join changed_record on id = advisory_id;`);
    await client.query(
      `insert into feed_advisory (feed, advisory_id)
       select $1, s.id from staged_advisory s where exists (select from advisory a where a.id = s.id)
       on conflict do nothing`,
      [options.feed],
    );
    await rewriteCoverage(client);
    await refreshStatistics(client, countChanges(changes));
    return changes;
  }

  async readTotals(client: pg.ClientBase): Promise<FeedTotals> {
    const { rows } = await client.query<{ records: number; newest: Date | null }>(
      `select count(*) as records, max(a.modified_at) as newest
       from feed_advisory f join advisory a on a.id = f.advisory_id where f.feed = $1`,
      [this.#feed],
    );
    return { records: rows[0]?.records ?? 0, newestAt: rows[0]?.newest ?? undefined };
  }

  /**
   * A record that another feed holds too is only replaced by one that is not older: the folders of a mirror are not
   * written at the same instant.
   */
  async #findChanges(client: pg.ClientBase, options: ApplyOptions): Promise<RecordChanges> {
    await client.query('analyze staged_advisory; analyze staged_package');
    await client.query(
      `insert into changed_record
       select s.id from staged_advisory s left join lateral (
         select id, content_hash, modified_at from advisory where id = s.id offset 0) a on true
       where a.id is null
         or $2 and a.content_hash = s.content_hash
         or a.content_hash <> s.content_hash and (s.modified_at >= a.modified_at
           or not exists (select from feed_advisory f where f.advisory_id = s.id and f.feed <> $1))`,
      [options.feed, options.rewrite],
    );
    // Of a few changed records everything is then looked up by index, not met by reading all that is held.
    await client.query('analyze changed_record');
    const { rows } = await client.query<Record<'known' | 'withdrawn' | 'all', number>>(
      `select count(f.advisory_id) as known, count(*) as all,
         count(*) filter (where f.advisory_id is not null and s.withdrawn_at is not null and a.withdrawn_at is null)
           as withdrawn
       from changed_record c join staged_advisory s using (id) left join advisory a using (id)
         left join feed_advisory f on f.feed = $1 and f.advisory_id = c.id`,
      [options.feed],
    );
    const gone = await client.query(
      `with left_feed as (
         delete from feed_advisory where feed = $1 and advisory_id = any($2) returning advisory_id)
       insert into gone_record select advisory_id from left_feed`,
      [options.feed, options.gone],
    );
    await client.query('analyze gone_record');
    const joined = await client.query(
      `select from staged_advisory s
       where not exists (select from feed_advisory f where f.feed = $1 and f.advisory_id = s.id)
         and not exists (select from changed_record c where c.id = s.id)`,
      [options.feed],
    );
    const { known = 0, withdrawn = 0, all = 0 } = rows[0] ?? {};
    return {
      added: all - known + (joined.rowCount ?? 0),
      changed: known - withdrawn,
      withdrawn,
      vanished: gone.rowCount ?? 0,
    };
  }
}

/**
 * Names the changed records for the re-match; of those of which more changed than words (records do, most of the time), the
 * packages and vulnerabilities that they name before and after.
 */
async function recordChanges(client: pg.ClientBase): Promise<void> {
  await client.query(`
    create temp table ending_record on commit drop as
      select id from gone_record where not exists (select from feed_advisory f where f.advisory_id = id);
    create index on staged_package (advisory_id);
    create temp table judged_record on commit drop as
      select c.id from changed_record c join staged_advisory s using (id) left join advisory a using (id)
      where a.id is null
        or (a.vulnerabilities, a.aliases, a.ratings, a.withdrawn_at is null)
          is distinct from (s.vulnerabilities, s.aliases, s.ratings, s.withdrawn_at is null)
        or (select array_agg((ecosystem, release, name, affected)::text order by position) from advisory_package
            where advisory_id = c.id)
          is distinct from
          (select array_agg((ecosystem, release, name, affected)::text order by position) from staged_package
            where advisory_id = c.id);
    analyze judged_record, ending_record;
    create temp table touched_release on commit drop as
      select ecosystem, release from staged_package join changed_record on id = advisory_id
      union select ecosystem, release from advisory_package join changed_record on id = advisory_id
      union select ecosystem, release from advisory_package join ending_record on id = advisory_id;
    analyze touched_release;
    create temp table touched_package on commit drop as
      select distinct ecosystem, name from (
        select ecosystem, name from staged_package join judged_record on id = advisory_id
        union all
        select ecosystem, name from advisory_package join judged_record on id = advisory_id
        union all
        select ecosystem, name from advisory_package join ending_record on id = advisory_id) as named;
    insert into pending_change (kind, ecosystem, name)
      select 'package', ecosystem, name from touched_package
      union all select 'advisory', '', id from changed_record
      union all select 'advisory', '', id from ending_record
      union all select distinct 'vulnerability', '', unnest(vulnerabilities) from (
        select vulnerabilities from staged_advisory join judged_record using (id)
        union all
        select vulnerabilities from advisory join judged_record using (id)
        union all
        select vulnerabilities from advisory join ending_record using (id)) as described
      on conflict do nothing;`);
}

/**
 * `data_end_at` is the newest record when the newest 1 %, and at least three, are set aside: single records that were
 * touched long after a release's data ended would make the old data look new (decision 0008).
 */
async function rewriteCoverage(client: pg.ClientBase): Promise<void> {
  await client.query(`
    delete from release_coverage where (ecosystem, release) in (select ecosystem, release from touched_release);
    insert into release_coverage (ecosystem, release, record_count, data_end_at)
      select ecosystem, release, count(*),
        (array_agg(at order by at desc))[least(count(*), 1 + greatest(3, ceil(count(*) / 100.0)))::int]
      from (
        select distinct p.ecosystem, p.release, a.id, greatest(a.modified_at, a.published_at) as at
        from advisory_package p join advisory a on a.id = p.advisory_id
        where (p.ecosystem, p.release) in (select ecosystem, release from touched_release)
          and a.withdrawn_at is null) as dated
      group by ecosystem, release;`);
}

/** The planner must not take tables for empty that have just been filled; autovacuum notices too late. */
async function refreshStatistics(client: pg.ClientBase, changes: number): Promise<void> {
  const { rows } = await client.query<{ known: number }>(
    `select greatest(reltuples, 0)::float8 as known from pg_class where oid = 'advisory'::regclass`,
  );
  if (changes <= (rows[0]?.known ?? 0) / 5) return;
  await client.query('analyze advisory; analyze advisory_package; analyze feed_advisory');
}

function advisoryLine(record: OsvRecord, raw: RawRecord, ratings: string): string {
  const identities = vulnerabilitiesOf(record);
  const ids = identities.map((one) => one.id);
  const aliases = new Set([
    record.id,
    ...record.aliases,
    ...record.upstream,
    ...identities.flatMap((one) => one.aliases),
  ]);
  for (const id of ids) aliases.delete(id);
  return copyLine([
    record.id,
    record.modifiedAt,
    record.publishedAt,
    record.withdrawnAt,
    ids,
    [...aliases],
    ratings,
    summaryOf(record),
    createHash('sha256').update(raw.json).digest(),
    raw.deflated,
  ]);
}

/** Undefined when a package holds characters that cannot be stored. */
function packageLines(record: OsvRecord): readonly string[] | undefined {
  const lines: string[] = [];
  for (const [position, one] of record.affected.entries()) {
    const affected = JSON.stringify(one.affected);
    if (unstorableJson.test(affected)) return undefined;
    lines.push(copyLine([record.id, position, one.ecosystem, one.release, one.name, affected]));
  }
  return lines;
}

/** Distribution records often have only a text: its first line serves as a title. */
function summaryOf(record: OsvRecord): string {
  const text = record.summary === '' ? (record.details.trimStart().split('\n')[0] ?? '') : record.summary;
  return text.length <= summaryLengthMax ? text : `${text.slice(0, summaryLengthMax - 1).toWellFormed()}…`;
}
