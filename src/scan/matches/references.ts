import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { intArray } from './int-array.ts';
import type { MatchDetail, MatchDetails } from './match-details.ts';
import type { HeldMatch, WrittenMatch } from './match-differences.ts';

interface ReferencesQuery {
  readonly vulnerabilityIds: readonly string[];
  /** Takes in what is said. */
  readonly details: MatchDetails;
  /** Of other connections than the transaction's. */
  readonly reader: Database;
}

/** Everything that is stored of some vulnerabilities: which packages refer to which details. */
export class References {
  /** By package. */
  readonly #held: ReadonlyMap<number, readonly HeldMatch[]>;
  /** By detail: how many matches refer to it, resolved ones too. */
  readonly #counts: ReadonlyMap<number, number>;

  private constructor(held: ReadonlyMap<number, readonly HeldMatch[]>, counts: ReadonlyMap<number, number>) {
    this.#held = held;
    this.#counts = counts;
  }

  /** Call it under `lockDetails(…, 'alone')`. */
  static async read(
    transaction: Transaction<Tables>,
    { vulnerabilityIds, details, reader }: ReferencesQuery,
  ): Promise<References> {
    const ids = await details.read(transaction, { vulnerabilityIds });
    const half = Math.ceil(ids.length / 2);
    // Nothing of it is written yet, and whoever else would write waits: another connection reads the same.
    const ofHalf = packagesOf(reader, ids.slice(0, half), sql`true`);
    ofHalf.catch(() => {}); // thrown where it is waited for
    const ofRest = await packagesOf(transaction, ids.slice(half), sql`true`);
    const over = await packagesOf(transaction, ids, sql`resolved_at is not null`);
    const resolvedOf = new Map(over.map(({ detail_id: id, packed }) => [id, new Set(unpack(packed))]));
    const held = new Map<number, HeldMatch[]>();
    const counts = new Map<number, number>();
    for (const { detail_id: detailId, packed } of [...(await ofHalf), ...ofRest]) {
      const detail = details.byId(detailId);
      if (detail === undefined) continue; // just read
      const resolved = resolvedOf.get(detailId);
      counts.set(detailId, packed.length / 4);
      for (const packageId of unpack(packed)) {
        const match = { packageId, detailId, detail, resolved: resolved?.has(packageId) === true };
        const known = held.get(match.packageId);
        if (known === undefined) held.set(match.packageId, [match]);
        else known.push(match);
      }
    }
    return new References(held, counts);
  }

  heldBy(packageId: number): readonly HeldMatch[] {
    return this.#held.get(packageId) ?? [];
  }

  /**
   * Details of which all that refer to them now say the same other thing can say that themselves (`rewritten`, by id); what is
   * left of the matches moves to another detail.
   */
  rewriteWhole(written: readonly WrittenMatch[]): {
    readonly rewritten: ReadonlyMap<number, MatchDetail>;
    readonly moved: readonly WrittenMatch[];
  } {
    const wanted = new Map<number, { readonly detail: MatchDetail; count: number; isOne: boolean }>();
    for (const { detail, before } of written) {
      if (before === undefined || before.resolved) continue;
      const known = wanted.get(before.detailId);
      if (known === undefined) wanted.set(before.detailId, { detail, count: 1, isOne: true });
      else if (known.detail === detail) known.count += 1;
      else known.isOne = false;
    }
    const rewritten = new Map<number, MatchDetail>();
    for (const [id, { detail, count, isOne }] of wanted)
      if (isOne && count === this.#counts.get(id)) rewritten.set(id, detail);
    const isRewritten = ({ before }: WrittenMatch) =>
      before !== undefined && !before.resolved && rewritten.has(before.detailId);
    return { rewritten, moved: written.filter((match) => !isRewritten(match)) };
  }
}

/** Packed: to read hundreds of thousands of rows takes longer than to match them. Each answers from an index alone. */
async function packagesOf(
  db: Database,
  detailIds: readonly number[],
  condition: RawBuilder<unknown>,
): Promise<readonly { readonly detail_id: number; readonly packed: Buffer }[]> {
  const { rows } = await sql<{ detail_id: number; packed: Buffer }>`
    select d.id as detail_id, m.packed from unnest(${intArray(detailIds)}::int[]) as d (id) cross join lateral (
      select string_agg(int4send(package_id), ''::bytea) as packed
      from stored_match where detail_id = d.id and ${condition}) as m
    where m.packed is not null`.execute(db);
  return rows;
}

function unpack(packed: Buffer): readonly number[] {
  return Array.from({ length: packed.length / 4 }, (_, index) => packed.readInt32BE(4 * index));
}
