import { sql } from 'kysely';
import { exploitDoubts } from '../../advisories/exploit-doubts.ts';
import { type FeedKnowledge, readFeedKnowledge } from '../../advisories/feed-doubts.ts';
import { feedVersionsOf, matchingGeneration } from '../../advisories/feed-versions.ts';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Distribution } from '../../report/distribution.ts';
import type { CategoryFacts, ImageFacts, PackageFacts } from '../../report/image-facts.ts';
import { type MalwareFacts, noMalware } from '../../report/image-malware.ts';
import { noSecrets, type SecretFacts } from '../../report/image-secrets.ts';
import type { Doubt, ScanProblem, ScanState } from '../../report/scan-state.ts';
import { imageDoubts } from '../summaries/image-doubts.ts';
import { combineFacts } from './combine-facts.ts';
import { unpackIds } from './packed-ids.ts';

export interface FactsQuery {
  readonly digests: readonly Digest[];
  readonly now: Date;
  readonly feedAgeMaxDays: number;
  /** What is known against packages, by id: read with `db`, or from memory what was read at the same generation. */
  readonly readPackages: (
    db: Database,
    ids: readonly number[],
    generation: string,
  ) => Promise<ReadonlyMap<number, PackageFacts>>;
}

interface FactsRow {
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'artifact';
  /** The first of an index's manifests, and how many it has. */
  readonly children: readonly Digest[] | null;
  readonly child_count: number | null;
  readonly state: ScanState | null;
  readonly problem: ScanProblem | null;
  readonly outcome: 'scanned' | 'incomplete' | 'unsupported' | null;
  readonly result_problem: ScanProblem | null;
  readonly distribution: Distribution | null;
  readonly ecosystems: readonly string[] | null;
  readonly doubts: readonly Doubt[] | null;
  readonly secrets_state: ScanState | null;
  readonly secrets_problem: ScanProblem | null;
  readonly secrets_outcome: FactsRow['outcome'];
  readonly secrets_result_problem: ScanProblem | null;
  readonly secret_facts: SecretFacts | null;
  readonly malware_state: ScanState | null;
  readonly malware_problem: ScanProblem | null;
  readonly malware_outcome: FactsRow['outcome'];
  readonly malware_result_problem: ScanProblem | null;
  readonly malware_facts: MalwareFacts | null;
  readonly package_set: Buffer | null;
  readonly newest_file_at: Date | null;
  readonly first_judged_at: Date | null;
}

/** Images whose facts are read with one query; bounds the memory of a pass over very many. */
const chunkImages = 500;

/** An index in an index in an index …: nobody builds more than two. */
const indexDepthMax = 8;

/** An index of more images than this is shown with the findings of so many, and with a doubt. */
export const indexImagesMax = 100;

/**
 * Facts of manifests, read from the database; of an index, those of all its images together. All is read of one instant: a
 * feed that is swapped meanwhile is in all of it or in none (threats.md F25).
 */
export async function readFacts(db: Database, query: FactsQuery): Promise<ReadonlyMap<Digest, ImageFacts>> {
  if (query.digests.length === 0) return new Map();
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((transaction) => readFactsNow(transaction, query));
}

async function readFactsNow(db: Database, query: FactsQuery): Promise<ReadonlyMap<Digest, ImageFacts>> {
  const knowledge = await readFeedKnowledge(db);
  const generation = matchingGeneration(knowledge.feeds);
  const facts = new Map<Digest, ImageFacts>();
  const indexes = new Map<Digest, Index>();
  let wanted: readonly Digest[] = [...new Set(query.digests)];
  for (let depth = 0; depth < indexDepthMax && wanted.length > 0; depth += 1) {
    const next = new Set<Digest>();
    for (let start = 0; start < wanted.length; start += chunkImages) {
      const rows = await readRows(db, wanted.slice(start, start + chunkImages));
      const ids = rows.flatMap((row) => (row.package_set === null ? [] : unpackIds(row.package_set)));
      const packages = await query.readPackages(db, [...new Set(ids)], generation);
      for (const row of rows) {
        if (row.kind === 'index') {
          indexes.set(row.digest, { children: row.children ?? [], count: row.child_count ?? 0 });
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
           z.state as secrets_state, z.problem as secrets_problem, r.secrets_outcome,
           r.secrets_problem as secrets_result_problem, r.secret_facts,
           w.state as malware_state, w.problem as malware_problem, r.malware_outcome,
           r.malware_problem as malware_result_problem, r.malware_facts, r.doubts, r.package_set, r.newest_file_at, r.first_judged_at,
           case m.kind when 'index' then array(select c.child_digest from manifest_child c
            where c.parent_digest = m.digest order by c.position limit ${indexImagesMax}) end as children,
           case m.kind when 'index' then (select count(*) from manifest_child c
            where c.parent_digest = m.digest) end as child_count
    from manifest m
    left join image_scan s on s.manifest_digest = m.digest and s.category = 'vulnerabilities'
    left join image_scan z on z.manifest_digest = m.digest and z.category = 'secrets'
    left join image_scan w on w.manifest_digest = m.digest and w.category = 'malware'
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
  const found = (row.package_set === null ? [] : unpackIds(row.package_set)).flatMap(
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
      malware: categoryFacts(malwareRow(row), []),
      secrets: categoryFacts(secretsRow(row), []),
    },
    judged: row.outcome !== null,
    ...(row.first_judged_at === null ? {} : { firstJudgedAt: row.first_judged_at }),
    doubts,
    feeds:
      row.outcome === null || row.outcome === 'unsupported'
        ? []
        : feedVersionsOf(knowledge.feeds, row.ecosystems ?? []),
    exploitDoubts: exploitDoubts(knowledge.feeds, query),
    packages: found,
    secrets: row.secret_facts ?? noSecrets,
    malware: row.malware_facts ?? noMalware,
  };
}

function secretsRow(row: FactsRow): CategoryRow {
  return {
    state: row.secrets_state,
    problem: row.secrets_problem,
    outcome: row.secrets_outcome,
    result_problem: row.secrets_result_problem,
  };
}

function malwareRow(row: FactsRow): CategoryRow {
  return {
    state: row.malware_state,
    problem: row.malware_problem,
    outcome: row.malware_outcome,
    result_problem: row.malware_result_problem,
  };
}

type CategoryRow = Pick<FactsRow, 'state' | 'problem' | 'outcome' | 'result_problem'>;

function categoryFacts(row: CategoryRow, doubts: readonly Doubt[]): CategoryFacts {
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

interface Index {
  readonly children: readonly Digest[];
  readonly count: number;
}

/** Innermost first, so that an index of indexes is made of finished ones; one that lists itself stays out. */
function withIndexes(
  facts: Map<Digest, ImageFacts>,
  indexes: ReadonlyMap<Digest, Index>,
  wanted: readonly Digest[],
): ReadonlyMap<Digest, ImageFacts> {
  const open = new Set<Digest>();
  const resolve = (digest: Digest): ImageFacts | undefined => {
    const known = facts.get(digest);
    const index = indexes.get(digest);
    if (known !== undefined || index === undefined || open.has(digest)) return known;
    open.add(digest);
    const combined = combineFacts(
      digest,
      index.children.flatMap((child) => resolve(child) ?? []),
    );
    const whole = index.count <= index.children.length ? combined : withPartDoubt(combined, index);
    facts.set(digest, whole);
    return whole;
  };
  return new Map(
    wanted.flatMap((digest) => {
      const found = resolve(digest);
      return found === undefined ? [] : [[digest, found] as const];
    }),
  );
}

/** What was not looked at is never shown as fine. */
function withPartDoubt(facts: ImageFacts, { children, count }: Index): ImageFacts {
  const message = `the index lists ${count} manifests: findings are shown of the first ${children.length}`;
  return { ...facts, doubts: [...facts.doubts, { code: 'index-in-part', message }] };
}
