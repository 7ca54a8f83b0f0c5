import type { VulnerabilityFact } from '../report/finding.ts';
import type { PackageFacts } from '../report/image-facts.ts';
import type { MalwareFact } from '../report/image-malware.ts';
import type { SecretFact } from '../report/image-secrets.ts';
import { compilePattern } from './pattern.ts';
import type { Exemption } from './policy.ts';

/** What is asked for: an exemption can be limited to a repository, a digest and a time. */
export interface ExemptionScope {
  readonly digest: string;
  /** Name of the repository below its namespace. */
  readonly repository: string;
  readonly now: Date;
}

/** The exemptions that count for an image now: unexpired (`expiresAt` itself is too late), its repository, its digest. */
export function exemptionsFor(
  exemptions: readonly Exemption[],
  { digest, repository, now }: ExemptionScope,
): readonly Exemption[] {
  return exemptions.filter(
    (exemption) =>
      (exemption.expiresAt === undefined || exemption.expiresAt > now) &&
      (exemption.digest === undefined || exemption.digest === digest) &&
      (exemption.repositoryPattern === undefined ||
        compilePattern(exemption.repositoryPattern).matches(repository)),
  );
}

/** The first exemption that takes this finding out of the judgement: by its exact id or an exact alias, in any case. */
export function exemptionOf(
  exemptions: readonly Exemption[],
  found: Pick<PackageFacts, 'name'>,
  vulnerability: Pick<VulnerabilityFact, 'id' | 'aliases'>,
): Exemption | undefined {
  if (exemptions.length === 0) return undefined;
  const ids = [vulnerability.id, ...vulnerability.aliases].map((id) => id.toUpperCase());
  return exemptions.find(
    ({ vulnerabilityId, packageName }) =>
      ids.includes(vulnerabilityId) && (packageName === undefined || packageName === found.name),
  );
}

/** The first exemption that takes this secret out of the judgement: by its rule, and its path where one is named. */
export function secretExemptionOf(
  exemptions: readonly Exemption[],
  { rule, path }: Pick<SecretFact, 'rule' | 'path'>,
): Exemption | undefined {
  return exemptionAt(exemptions, { id: secretExemptionId(rule), path });
}

/** The first exemption that takes this malware out of the judgement: by its signature, and its path where one is named. */
export function malwareExemptionOf(
  exemptions: readonly Exemption[],
  { signature, path }: Pick<MalwareFact, 'signature' | 'path'>,
): Exemption | undefined {
  return exemptionAt(exemptions, { id: malwareExemptionId(signature), path });
}

function exemptionAt(
  exemptions: readonly Exemption[],
  { id, path }: { readonly id: string; readonly path: string },
): Exemption | undefined {
  return exemptions.find(
    ({ vulnerabilityId, packageName, pathPattern }) =>
      vulnerabilityId === id &&
      // A package is none of a file's: such an exemption was made for something else.
      packageName === undefined &&
      (pathPattern === undefined || compilePattern(pathPattern).matches(path)),
  );
}

/** How an exemption names what a signature finds, of whatever engine. */
export function malwareExemptionId(signature: string): string {
  return `MALWARE:${signature.toUpperCase()}`;
}

/** How an exemption names the secrets of a rule. */
export function secretExemptionId(rule: string): string {
  return `SECRET:${rule.toUpperCase()}`;
}
