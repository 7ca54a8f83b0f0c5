import { sql, type Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { lockDetails } from './match-lock.ts';

/** What a match says of its vulnerability, whatever the package: a row of `match_detail` without its id. */
export interface MatchDetail {
  readonly vulnerability_id: string;
  readonly advisory_id: string;
  readonly status: string;
  readonly aliases: readonly string[];
  readonly severity: string;
  /** Null: matched last by an older version. */
  readonly source_severities: number | null;
  readonly fixed_version: string | null;
  readonly fix_state: string;
}

const contentColumns = sql.raw(
  'vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version, fix_state',
);
const recordColumns = sql.raw(
  'vulnerability_id text, advisory_id text, status text, aliases text[], severity text, source_severities int, fixed_version text, fix_state text',
);

/** Details that say the same are the very same object here, so that millions of matches are compared without a look at words. */
export class MatchDetails {
  readonly #byContent = new Map<string, MatchDetail>();
  readonly #byId = new Map<number, MatchDetail>();
  readonly #ids = new Map<MatchDetail, number>();

  /** The one that says the same. */
  of(detail: MatchDetail): MatchDetail {
    const key = contentOf(detail);
    const known = this.#byContent.get(key);
    if (known !== undefined) return known;
    this.#byContent.set(key, detail);
    return detail;
  }

  byId(id: number): MatchDetail | undefined {
    return this.#byId.get(id);
  }

  /** Takes in the rows of vulnerabilities, or with these ids; returns their ids. */
  async read(
    transaction: Transaction<Tables>,
    asked: { readonly vulnerabilityIds: readonly string[] } | { readonly ids: readonly number[] },
  ): Promise<readonly number[]> {
    // Looked up one by one: to plan for an array of thousands, each weighed against the most common values, takes longer.
    const found =
      'ids' in asked
        ? sql`unnest(${asked.ids}::int[]) as asked (id) cross join lateral (
            select * from match_detail where id = asked.id offset 0) as d`
        : sql`unnest(${asked.vulnerabilityIds}::text[]) as asked (id) cross join lateral (
            select * from match_detail where vulnerability_id = asked.id offset 0) as d`;
    const { rows } = await sql<MatchDetail & { readonly id: number }>`
      select d.id, ${contentColumns} from ${found}`.execute(transaction);
    for (const { id, ...detail } of rows) this.#note(id, detail);
    return rows.map(({ id }) => id);
  }

  #note(id: number, detail: MatchDetail): void {
    const own = this.of(detail);
    this.#byId.set(id, own);
    if (!this.#ids.has(own)) this.#ids.set(own, id);
  }

  /** Ids of rows that say the same; those that there are none of are made. */
  async idsOf(
    transaction: Transaction<Tables>,
    details: ReadonlySet<MatchDetail>,
  ): Promise<ReadonlyMap<MatchDetail, number>> {
    const unknown = [...details].filter((detail) => !this.#ids.has(detail));
    if (unknown.length > 0) {
      await this.#find(transaction, unknown);
      await this.#make(
        transaction,
        unknown.filter((detail) => !this.#ids.has(detail)),
      );
    }
    return this.#ids;
  }

  /** Lets rows say something else, for all matches that refer to them. Call it under `lockDetails(…, 'alone')`. */
  async rewrite(
    transaction: Transaction<Tables>,
    rewritten: ReadonlyMap<number, MatchDetail>,
  ): Promise<void> {
    if (rewritten.size === 0) return;
    const rows = Array.from(rewritten, ([id, detail]) => ({ id, ...detail }));
    await sql`
      update match_detail d set (${contentColumns}) = (
        n.vulnerability_id, n.advisory_id, n.status, n.aliases, n.severity, n.source_severities, n.fixed_version,
        n.fix_state)
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n (id int, ${recordColumns})
      where d.id = n.id`.execute(transaction);
    for (const id of rewritten.keys()) {
      const before = this.#byId.get(id);
      if (before !== undefined && this.#ids.get(before) === id) this.#ids.delete(before);
    }
    for (const [id, detail] of rewritten) this.#note(id, detail);
  }

  async #find(transaction: Transaction<Tables>, details: readonly MatchDetail[]): Promise<void> {
    const { rows } = await sql<{ nth: number; id: number }>`
      select w.nth::int, min(d.id) as id
      from rows from (jsonb_to_recordset(${JSON.stringify(details)}::jsonb) as (${recordColumns})) with ordinality
        as w (${contentColumns}, nth)
      join match_detail d on d.vulnerability_id = w.vulnerability_id and d.advisory_id = w.advisory_id
        and d.status = w.status and d.aliases = w.aliases and d.severity = w.severity and d.fix_state = w.fix_state
        and d.source_severities is not distinct from w.source_severities
        and d.fixed_version is not distinct from w.fixed_version
      group by 1`.execute(transaction);
    for (const { nth, id } of rows) this.#noteNth(details, nth, id);
  }

  async #make(transaction: Transaction<Tables>, details: readonly MatchDetail[]): Promise<void> {
    if (details.length === 0) return;
    // Numbered before they are stored: rows that an INSERT returns have no order.
    const { rows } = await sql<{ nth: number; id: number }>`
      with numbered as (
        select nextval(pg_get_serial_sequence('match_detail', 'id'))::int as id, w.*
        from rows from (jsonb_to_recordset(${JSON.stringify(details)}::jsonb) as (${recordColumns})) with ordinality
          as w (${contentColumns}, nth)),
      stored as (
        insert into match_detail (id, ${contentColumns}) overriding system value
        select id, ${contentColumns} from numbered)
      select nth::int, id from numbered`.execute(transaction);
    for (const { nth, id } of rows) this.#noteNth(details, nth, id);
  }

  #noteNth(details: readonly MatchDetail[], nth: number, id: number): void {
    const detail = details[nth - 1];
    if (detail !== undefined) this.#note(id, detail);
  }
}

function contentOf(detail: MatchDetail): string {
  // PostgreSQL's texts cannot hold NUL.
  return [
    detail.vulnerability_id,
    detail.advisory_id,
    detail.status,
    detail.severity,
    detail.source_severities ?? '',
    detail.fixed_version === null ? '' : `=${detail.fixed_version}`,
    detail.fix_state,
    ...detail.aliases,
  ].join('\0');
}

/** Deletes those of these rows that no match refers to. Call it under `lockDetails(…, 'alone')`. */
export async function deleteUnused(transaction: Transaction<Tables>, ids: Iterable<number>): Promise<void> {
  await sql`
    delete from match_detail d where id = any(${[...ids]}::int[])
      and not exists (select from stored_match m where m.detail_id = d.id)`.execute(transaction);
}

/** Deletes every row that no match refers to: after matching so many packages that nobody noted what they left. */
export async function deleteAllUnused(db: Database): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await lockDetails(transaction, 'alone');
    await sql`
      delete from match_detail d
      where not exists (select from stored_match m where m.detail_id = d.id)`.execute(transaction);
  });
}
