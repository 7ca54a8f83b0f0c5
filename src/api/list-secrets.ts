import { exemptionsFor, secretExemptionOf } from '../policy/exemption-of.ts';
import type { Exemption } from '../policy/policy.ts';
import type { SecretFinding as FoundSecret } from '../report/image-secrets.ts';
import { type BaseImage, isFromBase } from '../scan/base-image.ts';
import type { SecretFinding, SecretQuery } from './contract/secret.ts';
import type { FindingContext } from './list-findings.ts';

/** Secrets as the API shows them, filtered; `found` is in the order that is shown. */
export function selectSecrets(
  found: readonly FoundSecret[],
  query: SecretQuery,
  scope: FindingContext,
): readonly SecretFinding[] {
  const exemptions = exemptionsFor(scope.exemptions, scope);
  const search = query.q?.toLowerCase();
  return found
    .filter(
      ({ severity, type }) =>
        (query.severity === undefined || severity === query.severity) &&
        (query.type === undefined || type === query.type),
    )
    .filter(
      ({ rule, title, path }) =>
        search === undefined || [rule, title, path].some((text) => text.toLowerCase().includes(search)),
    )
    .map((secret) => showSecret(secret, exemptions, scope.base))
    .filter(({ exempted }) => query.exempted === undefined || (exempted !== null) === query.exempted);
}

/** Unique in an image. */
export function secretKeyOf({ rule, path, line, masked, layer }: SecretFinding): string {
  return JSON.stringify([rule, path, line, masked, layer?.index, layer?.digest]);
}

function showSecret(
  secret: FoundSecret,
  exemptions: readonly Exemption[],
  base: BaseImage | undefined,
): SecretFinding {
  const { rule, title, type, severity, masked, path, line, layer, fate, firstSeenAt } = secret;
  const exemption = secretExemptionOf(exemptions, secret);
  return {
    kind: 'secret',
    rule,
    title,
    type,
    severity,
    masked,
    path,
    line,
    layer: layer === undefined ? null : { ...layer, createdBy: layer.createdBy ?? null },
    // What stands in the config may have been taken over from the base's: its layers do not tell.
    fromBase: layer === undefined ? null : (isFromBase(base, layer.index) ?? null),
    fate: fate ?? null,
    firstSeenAt,
    exempted:
      exemption === undefined
        ? null
        : {
            by: exemption.createdBy,
            reason: exemption.reason,
            expiresAt: exemption.expiresAt?.toISOString() ?? null,
          },
  };
}
