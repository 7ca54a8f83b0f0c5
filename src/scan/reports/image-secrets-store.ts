import type { Kysely } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { compareSecrets, type SecretFinding, secretKey } from '../../report/image-secrets.ts';
import { type FindingColumn, readFindings, withFirstSeen } from './_stored-findings.ts';
import { deflateJson } from './deflated-json.ts';

const column: FindingColumn<SecretFinding> = { name: 'secrets', keyOf: secretKey, compare: compareSecrets };

/** As `image_report.secrets` has them. */
export async function encodeSecrets(findings: readonly SecretFinding[]): Promise<Buffer> {
  return await deflateJson(findings);
}

/** The findings of an image with the instants at which its last result already had them. */
export async function keepFirstSeen(
  db: Kysely<Tables>,
  digest: string,
  findings: readonly SecretFinding[],
): Promise<readonly SecretFinding[]> {
  if (findings.length === 0) return findings;
  return withFirstSeen(findings, await readFindings(db, digest, column), column);
}

/** The secrets of the result that stands, of an index those of all its images, worst first. */
export async function readImageSecrets(
  db: Kysely<Tables>,
  digest: string,
): Promise<readonly SecretFinding[]> {
  return await readFindings(db, digest, column);
}
