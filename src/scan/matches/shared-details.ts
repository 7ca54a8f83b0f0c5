import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { VulnerabilityFact } from '../../report/finding.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import { type SaidFact, withNames } from './read-package-facts.ts';
import { readSaid } from './read-said.ts';
import { UsedLately } from './used-lately.ts';

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
  readonly #details = new UsedLately<SaidFact>(detailsMax);
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
    const rows = await readOpenMatches(transaction, packageIds);
    const ids = new Set<number>();
    for (const { details } of rows) for (const id of detailIdsIn(details)) ids.add(id);
    const said = await this.#read(transaction, ids, generation);
    const found = new Map<number, VulnerabilityFact[]>();
    const facts = new Map<number, FactsOfInstant>();
    let turnEndsMs = performance.now() + turnMs;
    for (const { id: packageId, atMs, details } of rows) {
      if (performance.now() > turnEndsMs) {
        await setImmediate();
        turnEndsMs = performance.now() + turnMs;
      }
      const known = facts.get(atMs) ?? { firstSeenAt: new Date(atMs), byDetail: new Map() };
      facts.set(atMs, known);
      const own = found.get(packageId) ?? [];
      for (const id of detailIdsIn(details)) own.push(factOf(id, said, known));
      found.set(packageId, own);
    }
    for (const own of found.values()) own.sort(byId);
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
    for (const [id, fact] of await readSaid(transaction, missing)) {
      said.set(id, fact);
      if (before === this.#changes) this.#details.set(id, fact);
    }
    return said;
  }
}

/** What is said since one instant, by detail. */
interface FactsOfInstant {
  readonly firstSeenAt: Date;
  readonly byDetail: Map<number, VulnerabilityFact>;
}

/** The same object for each package of which it is said: a page of images has a hundred thousand findings. */
function factOf(
  id: number,
  said: ReadonlyMap<number, SaidFact>,
  { firstSeenAt, byDetail }: FactsOfInstant,
): VulnerabilityFact {
  const known = byDetail.get(id);
  if (known !== undefined) return known;
  const one = said.get(id);
  // Never "nothing is known against it".
  if (one === undefined) throw new DetailMissingError(id);
  const fact = { ...one, firstSeenAt };
  byDetail.set(id, fact);
  return fact;
}

/** Open matches of a package that were first seen at one instant. */
interface OpenMatches {
  readonly id: number;
  /** Since 1970. */
  readonly atMs: number;
  /** Ids of details, four bytes each. */
  readonly details: Buffer;
}

/**
 * Looked up package by package, behind "offset 0": PostgreSQL takes the matches of a few thousand packages for half of all, and
 * reads an index of all of them.
 */
async function readOpenMatches(
  transaction: Database,
  packageIds: readonly number[],
): Promise<readonly OpenMatches[]> {
  const { rows } = await sql<OpenMatches>`
    select w.id, floor(extract(epoch from m.first_seen_at) * 1000)::float8 as "atMs", m.details
    from unnest(${packageIds.toSorted((a, b) => a - b)}::int[]) w (id) cross join lateral (
      select m.first_seen_at, string_agg(int4send(m.detail_id), ''::bytea) as details from stored_match m
      where m.package_id = w.id and m.resolved_at is null group by 1 offset 0) m`.execute(transaction);
  return rows;
}

function* detailIdsIn(details: Buffer): Generator<number> {
  for (let at = 0; at < details.length; at += 4) yield details.readInt32BE(at);
}

function byId(a: VulnerabilityFact, b: VulnerabilityFact): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
