import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Database } from '../../database/database.ts';
import type { VulnerabilityFact } from '../../report/finding.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import {
  eachMatch,
  openMatchesOf,
  packedMatches,
  type SaidFact,
  type SaidRow,
  saidColumns,
  saidFact,
  withNames,
} from './read-package-facts.ts';

/** All that is said of the packages of some hundreds of thousands of images is not much more; some 400 bytes each. */
const detailsMax = 100_000;

/** Pulls that are answered from memory do not wait longer than this for thousands of findings to be put together. */
const turnMs = 5;

/** The transaction saw two instants. */
class DetailMissingError extends Error {
  readonly code = 'detail_missing';
  constructor(id: number) {
    super(
      `Cannot read what is known against packages: a match refers to detail ${id}, which must be stored, got none`,
    );
    this.name = 'DetailMissingError';
  }
}

/**
 * What is said of vulnerabilities, in memory for the packages that share it: to read it takes several times as long as to read which
 * packages it is said of. Of one version of the feeds at a time.
 */
export class SharedDetails {
  readonly #details = new LRUCache<number, SaidFact>({ max: detailsMax });
  #generation: string | undefined;
  /** Grows with every change that is heard of: what was read before one may be the old answer. */
  #changes = 0;

  forget(): void {
    this.#changes += 1;
    this.#details.clear();
  }

  /**
   * As `readPackageFacts()`, in two steps: `transaction` must see one instant all the time, `generation` be that of its feeds.
   */
  async readPackageFacts(
    transaction: Database,
    packageIds: readonly number[],
    generation: string,
  ): Promise<ReadonlyMap<number, PackageFacts>> {
    if (packageIds.length === 0) return new Map();
    const { rows } = await sql<{ id: number; matches: Buffer }>`
      select w.id, ${packedMatches(sql`m.detail_id`)} as matches from ${openMatchesOf(packageIds)}
      group by 1`.execute(transaction);
    const ids = new Set<number>();
    for (const { matches } of rows) eachMatch(matches, (id) => ids.add(id));
    const said = await this.#read(transaction, ids, generation);
    const found = new Map<number, readonly VulnerabilityFact[]>();
    let turnEndsMs = performance.now() + turnMs;
    for (const { id: packageId, matches } of rows) {
      if (performance.now() > turnEndsMs) {
        await setImmediate();
        turnEndsMs = performance.now() + turnMs;
      }
      const own: VulnerabilityFact[] = [];
      eachMatch(matches, (id, firstSeenAt) => {
        const fact = said.get(id);
        // Never "nothing is known against it".
        if (fact === undefined) throw new DetailMissingError(id);
        own.push({ ...fact, packageId, firstSeenAt });
      });
      found.set(packageId, own.sort(byId));
    }
    return await withNames(transaction, found);
  }

  async #read(
    transaction: Database,
    ids: ReadonlySet<number>,
    generation: string,
  ): Promise<ReadonlyMap<number, SaidFact>> {
    if (generation !== this.#generation) {
      this.forget();
      this.#generation = generation;
    }
    const before = this.#changes;
    const said = new Map<number, SaidFact>();
    const missing: number[] = [];
    for (const id of ids) {
      const known = this.#details.get(id);
      if (known === undefined) missing.push(id);
      else said.set(id, known);
    }
    if (missing.length === 0) return said;
    const { rows } = await sql<SaidRow & { readonly id: number }>`
      select d.id, ${saidColumns} from match_detail d where d.id = any(${missing}::int[])`.execute(
      transaction,
    );
    for (const { id, ...row } of rows) {
      const fact = saidFact(row);
      said.set(id, fact);
      if (before === this.#changes) this.#details.set(id, fact);
    }
    return said;
  }
}

function byId(a: VulnerabilityFact, b: VulnerabilityFact): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
