import type pg from 'pg';
import { copyLine, copyRows } from '../../advisories/feeds/copy-rows.ts';
import type { summaryRow } from '../write-report.ts';

/** A summary worked out of what was read at that revision of the stored one. */
export type NewSummary = ReturnType<typeof summaryRow> & { readonly revision: bigint };

const columns = [
  'manifest_digest',
  'highest',
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'unknown',
  'fixable',
  'known_exploited',
  'undetermined',
  'doubts',
] as const satisfies readonly (keyof NewSummary)[];
const values = columns.slice(1);

/** Writes many summaries at once, over a connection of its own: one COPY and one UPDATE for each call. */
export class SummaryWriter implements AsyncDisposable {
  readonly #client: pg.PoolClient;
  #changed = 0;

  private constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  static async open(pool: pg.Pool): Promise<SummaryWriter> {
    const client = await pool.connect();
    await client.query(`
      create temporary table new_summary on commit delete rows as
      select ${columns.join(', ')}, revision from image_summary with no data`);
    return new SummaryWriter(client);
  }

  /** How many summaries differed and were replaced. */
  get changed(): number {
    return this.#changed;
  }

  /** One that has another revision by now was written by a scan, which knows the matches of today, too. */
  async write(summaries: readonly NewSummary[]): Promise<void> {
    if (summaries.length === 0) return;
    // A commit that a power cut takes back is done again: the changed packages are forgotten only behind the last.
    // Each is looked up by its key: PostgreSQL would rather read all that there are, again for each call.
    await this.#client.query(
      'begin; set local synchronous_commit = off; set local enable_hashjoin = off; set local enable_mergejoin = off',
    );
    await copyRows(
      this.#client,
      `new_summary (${columns.join(', ')}, revision)`,
      summaries.map((row) => copyLine([...columns.map((column) => row[column]), String(row.revision)])),
    );
    const { rowCount } = await this.#client.query(
      `update image_summary s set ${values.map((column) => `${column} = n.${column}`).join(', ')},
         revision = s.revision + 1, judged_at = now()
       from new_summary n where n.manifest_digest = s.manifest_digest and n.revision = s.revision
         and (${values.map((column) => `s.${column}`).join(', ')}) is distinct from (${values.map((column) => `n.${column}`).join(', ')})`,
    );
    await this.#client.query('commit');
    this.#changed += rowCount ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With its temporary table, and whatever a failure left open.
    this.#client.release(true);
    await Promise.resolve();
  }
}
