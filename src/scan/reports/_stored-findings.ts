import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { findingLimits, keepWithin } from '../../report/keep-within.ts';
import type { Severity } from '../../report/severity.ts';
import { inflateJson } from './deflated-json.ts';
import { indexImagesMax } from './read-facts.ts';

interface FoundInFile {
  readonly path: string;
  readonly severity: Severity;
  /** When a scan of the image first found it, ISO 8601. */
  readonly firstSeenAt: string;
}

/** A column of `image_report` that holds the deflated JSON of findings in files. */
export interface FindingColumn<Finding extends FoundInFile> {
  readonly name: 'secrets' | 'malware';
  /** Unique in an image, and the same after a re-scan. */
  readonly keyOf: (finding: Finding) => string;
  /** Worst first. */
  readonly compare: (a: Finding, b: Finding) => number;
}

/**
 * The findings of the result that stands, of an index those of all its images, worst first. Of an index no more than one
 * image may have.
 */
export async function readFindings<Finding extends FoundInFile>(
  db: Kysely<Tables>,
  digest: string,
  { name, keyOf, compare }: FindingColumn<Finding>,
): Promise<readonly Finding[]> {
  const column = sql.ref(`r.${name}`);
  const { rows } = await sql<{ stored: Buffer }>`
    with recursive reached (digest) as (
      select ${digest}::text
      union
      select c.child_digest from reached join manifest_child c
        on c.parent_digest = reached.digest and c.position < ${indexImagesMax})
    select ${column} as stored from reached join image_report r on r.manifest_digest = reached.digest
    where ${column} is not null
    order by r.manifest_digest limit ${indexImagesMax}`.execute(db);
  let kept: readonly Finding[] = [];
  for (const { stored } of rows) {
    const own = (await inflateJson(stored)) as readonly Finding[]; // the column's owner alone writes it
    const all = new Map([...kept, ...own].map((finding) => [keyOf(finding), finding]));
    kept = keepWithin([...all.values()].sort(compare), findingLimits).kept;
  }
  return kept;
}

/** The findings with the instants at which an earlier result already had them (semantics.md §2: they survive re-scans). */
export function withFirstSeen<Finding extends FoundInFile>(
  findings: readonly Finding[],
  older: readonly Finding[],
  { keyOf }: Pick<FindingColumn<Finding>, 'keyOf'>,
): readonly Finding[] {
  const seen = new Map(older.map((finding) => [keyOf(finding), finding.firstSeenAt]));
  return findings.map((finding) => ({
    ...finding,
    firstSeenAt: seen.get(keyOf(finding)) ?? finding.firstSeenAt,
  }));
}
