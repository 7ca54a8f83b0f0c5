import { sql } from 'kysely';
import { type FeedKnowledge, readFeedKnowledge } from '../advisories/feed-doubts.ts';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Distribution } from '../report/distribution.ts';
import type { CategoryFacts, ImageFacts, PackageFacts } from '../report/image-facts.ts';
import type { Doubt, ScanProblem, ScanState } from '../report/scan-state.ts';
import { combineFacts } from './combine-facts.ts';
import { imageDoubts } from './image-doubts.ts';
import { unpackIds } from './packed-ids.ts';
import { readPackageFacts } from './read-package-facts.ts';

export interface FactsQuery {
  readonly digests: readonly Digest[];
  readonly now: Date;
  readonly feedAgeMaxDays: number;
}

interface FactsRow {
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'artifact';
  readonly children: readonly Digest[] | null;
  readonly state: ScanState | null;
  readonly problem: ScanProblem | null;
  readonly outcome: 'scanned' | 'incomplete' | 'unsupported' | null;
  readonly result_problem: ScanProblem | null;
  readonly distribution: Distribution | null;
  readonly ecosystems: readonly string[] | null;
  readonly doubts: readonly Doubt[] | null;
  readonly package_ids: Buffer | null;
  readonly newest_file_at: Date | null;
  readonly first_judged_at: Date | null;
}

/** Images whose facts are read with one query; bounds the memory of a pass over very many. */
const chunkImages = 500;

/** An index in an index in an index …: nobody builds more than two. */
const indexDepthMax = 8;

/** Facts of manifests, read from the database; of an index, those of all its images together. */
export async function readFacts(db: Database, query: FactsQuery): Promise<ReadonlyMap<Digest, ImageFacts>> {
  if (query.digests.length === 0) return new Map();
  const knowledge = await readFeedKnowledge(db);
  const facts = new Map<Digest, ImageFacts>();
  const indexes = new Map<Digest, readonly Digest[]>();
  let wanted: readonly Digest[] = [...new Set(query.digests)];
  for (let depth = 0; depth < indexDepthMax && wanted.length > 0; depth += 1) {
    const next = new Set<Digest>();
    for (let start = 0; start < wanted.length; start += chunkImages) {
      const rows = await readRows(db, wanted.slice(start, start + chunkImages));
      const packages = await readPackageFacts(db, [
        ...new Set(rows.flatMap((row) => (row.package_ids === null ? [] : unpackIds(row.package_ids)))),
      ]);
      for (const row of rows) {
        if (row.kind === 'index') {
          indexes.set(row.digest, row.children ?? []);
          for (const child of row.children ?? [])
            if (!facts.has(child) && !indexes.has(child)) next.add(child);
        } else facts.set(row.digest, factsOf(row, { packages, knowledge, query }));
      }
    }
    wanted = [...next];
  }
  return withIndexes(facts, indexes, query.digests);
}

async function readRows(db: Database, digests: readonly Digest[]): Promise<readonly FactsRow[]> {
  const { rows } = await sql<FactsRow>`
    select m.digest, m.kind, s.state, s.problem, r.outcome, r.problem as result_problem, r.distribution, r.ecosystems,
           r.doubts, r.package_ids, r.newest_file_at, r.first_judged_at,
           (select array_agg(c.child_digest order by c.position) from manifest_child c
            where c.parent_digest = m.digest) as children
    from manifest m
    left join image_scan s on s.manifest_digest = m.digest and s.category = 'vulnerabilities'
    left join image_report r on r.manifest_digest = m.digest
    where m.digest = any(${digests}::text[])`.execute(db);
  return rows;
}

interface FactsContext {
  readonly packages: ReadonlyMap<number, PackageFacts>;
  readonly knowledge: FeedKnowledge;
  readonly query: FactsQuery;
}

function factsOf(row: FactsRow, { packages, knowledge, query }: FactsContext): ImageFacts {
  const found = (row.package_ids === null ? [] : unpackIds(row.package_ids)).flatMap(
    (id) => packages.get(id) ?? [],
  );
  const doubts =
    row.outcome === null || row.outcome === 'unsupported'
      ? []
      : imageDoubts({
          own: row.doubts ?? [],
          distribution: row.distribution ?? undefined,
          ecosystems: row.ecosystems ?? [],
          newestAt: row.newest_file_at ?? undefined,
          packages: found,
          knowledge,
          now: query.now,
          feedAgeMaxDays: query.feedAgeMaxDays,
        });
  return {
    digest: row.digest,
    kind: row.outcome === 'unsupported' ? 'artifact' : row.kind,
    states: {
      vulnerabilities: categoryFacts(row, doubts),
      malware: { state: 'not-scanned' },
      secrets: { state: 'not-scanned' },
    },
    judged: row.outcome !== null,
    ...(row.first_judged_at === null ? {} : { firstJudgedAt: row.first_judged_at }),
    doubts,
    packages: found,
  };
}

function categoryFacts(row: FactsRow, doubts: readonly Doubt[]): CategoryFacts {
  const state = row.state ?? 'not-scanned';
  return {
    state: state === 'scanned' && doubts.length > 0 ? 'undetermined' : state,
    ...(row.problem === null ? {} : { problem: row.problem }),
    ...(row.outcome === null
      ? {}
      : {
          lastResult: {
            state: row.outcome,
            ...(row.result_problem === null ? {} : { problem: row.result_problem }),
          },
        }),
  };
}

/** Innermost first, so that an index of indexes is made of finished ones; one that lists itself stays out. */
function withIndexes(
  facts: Map<Digest, ImageFacts>,
  indexes: ReadonlyMap<Digest, readonly Digest[]>,
  wanted: readonly Digest[],
): ReadonlyMap<Digest, ImageFacts> {
  const open = new Set<Digest>();
  const resolve = (digest: Digest): ImageFacts | undefined => {
    const known = facts.get(digest);
    const children = indexes.get(digest);
    if (known !== undefined || children === undefined || open.has(digest)) return known;
    open.add(digest);
    const combined = combineFacts(
      digest,
      children.flatMap((child) => resolve(child) ?? []),
    );
    facts.set(digest, combined);
    return combined;
  };
  return new Map(
    wanted.flatMap((digest) => {
      const found = resolve(digest);
      return found === undefined ? [] : [[digest, found] as const];
    }),
  );
}
