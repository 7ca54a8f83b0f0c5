import { exemptionsFor, secretExemptionOf } from '../../policy/exemption-of.ts';
import type { Exemption } from '../../policy/policy.ts';
import type { SecretFinding as FoundSecret } from '../../report/image-secrets.ts';
import { type BaseImage, isFromBase } from '../../scan/comparison/base-image.ts';
import type { SecretFinding, SecretQuery } from '../contract/secret.ts';
import { isAskedFor, showExempted } from './file-findings.ts';
import type { FindingContext } from './list-findings.ts';

/** Secrets as the API shows them, filtered; `found` is in the order that is shown. */
export function selectSecrets(
  found: readonly FoundSecret[],
  query: SecretQuery,
  scope: FindingContext,
): readonly SecretFinding[] {
  const exemptions = exemptionsFor(scope.exemptions, scope);
  return found
    .map((secret) => showSecret(secret, exemptions, scope.base))
    .filter((secret) => isAskedFor(secret, [secret.rule, secret.title, secret.path], query));
}

function showSecret(
  secret: FoundSecret,
  exemptions: readonly Exemption[],
  base: BaseImage | undefined,
): SecretFinding {
  const { rule, title, type, severity, masked, path, line, layer, fate, firstSeenAt } = secret;
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
    exempted: showExempted(secretExemptionOf(exemptions, secret)),
  };
}
