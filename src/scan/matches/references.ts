import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import type { MatchDetail, MatchDetails } from './match-details.ts';
import type { HeldMatch, WrittenMatch } from './match-differences.ts';

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

  static async read(
    transaction: Transaction<Tables>,
    vulnerabilityIds: readonly string[],
    details: MatchDetails,
  ): Promise<References> {
    const ids = await details.read(transaction, { vulnerabilityIds });
    // Packed: hundreds of thousands of rows take longer to read than the matching of them.
    const { rows } = await sql<{ detail_id: number; resolved: boolean; packed: Buffer }>`
      select detail_id, resolved_at is not null as resolved, string_agg(int4send(package_id), ''::bytea) as packed
      from stored_match where detail_id = any(${ids}::int[]) group by 1, 2`.execute(transaction);
    const held = new Map<number, HeldMatch[]>();
    const counts = new Map<number, number>();
    for (const { detail_id: detailId, resolved, packed } of rows) {
      const detail = details.byId(detailId);
      if (detail === undefined) continue; // just read
      counts.set(detailId, (counts.get(detailId) ?? 0) + packed.length / 4);
      for (let at = 0; at < packed.length; at += 4) {
        const match = { packageId: packed.readInt32BE(at), detailId, detail, resolved };
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
