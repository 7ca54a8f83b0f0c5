import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { compareSecrets, type SecretFinding, secretKey } from '../report/image-secrets.ts';
import { deflateJson, inflateJson } from './_deflated-json.ts';
import { indexImagesMax } from './read-facts.ts';

/** `image_report.secrets` is raw deflate of the JSON of `SecretFinding[]`. */
export async function encodeSecrets(findings: readonly SecretFinding[]): Promise<Buffer> {
  return await deflateJson(findings);
}

async function decodeSecrets(stored: Buffer): Promise<readonly SecretFinding[]> {
  return (await inflateJson(stored)) as readonly SecretFinding[]; // written by encodeSecrets() alone
}

/** The findings with the instants at which an earlier result already had them (semantics.md §2: they survive re-scans). */
export async function keepFirstSeen(
  db: Database,
  digest: string,
  findings: readonly SecretFinding[],
): Promise<readonly SecretFinding[]> {
  const row = await db
    .selectFrom('image_report')
    .select('secrets')
    .where('manifest_digest', '=', digest)
    .executeTakeFirst();
  if (row?.secrets == null || findings.length === 0) return findings;
  const seen = new Map(
    (await decodeSecrets(row.secrets)).map((finding) => [secretKey(finding), finding.firstSeenAt]),
  );
  return findings.map((finding) => ({
    ...finding,
    firstSeenAt: seen.get(secretKey(finding)) ?? finding.firstSeenAt,
  }));
}

/** The secrets of the result that stands, of an index those of all its images, worst first. */
export async function readImageSecrets(db: Database, digest: string): Promise<readonly SecretFinding[]> {
  const { rows } = await sql<{ secrets: Buffer }>`
    with recursive reached (digest) as (
      select ${digest}::text
      union
      select c.child_digest from reached join manifest_child c
        on c.parent_digest = reached.digest and c.position < ${indexImagesMax})
    select r.secrets from reached join image_report r on r.manifest_digest = reached.digest
    where r.secrets is not null
    order by r.manifest_digest limit ${indexImagesMax}`.execute(db);
  const found = new Map<string, SecretFinding>();
  for (const { secrets } of rows) {
    for (const finding of await decodeSecrets(secrets)) found.set(secretKey(finding), finding);
  }
  return [...found.values()].sort(compareSecrets);
}
