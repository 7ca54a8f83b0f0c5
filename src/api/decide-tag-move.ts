import { listImmutabilityRules } from '../catalog/immutability-rules.ts';
import type { DecideTagMove } from '../catalog/tag-moves.ts';
import type { ImmutabilityRule } from '../policy/immutability.ts';
import { immutableBy } from '../policy/immutability.ts';
import type { RepositoryRef } from '../registry/guards.ts';
import { isReferrerFallback } from '../registry/manifests/referrer-fallback.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { Caller } from './caller.ts';
import { clientOf } from './record-change.ts';

/**
 * Asks about the tags that a deletion takes along, under the same rules as through the registry. The guard is asked only of
 * those that some rule is about: a repository may have a hundred thousand.
 */
export function tagGuardOf(
  { pushGuard }: ApiDependencies,
  asked: {
    readonly caller: Caller;
    readonly request: Parameters<typeof clientOf>[0];
    readonly repository: RepositoryRef;
  },
): DecideTagMove {
  const { repository } = asked;
  const { accountId, name } = asked.caller.principal;
  const requester = { name, accountId, client: clientOf(asked.request) };
  // One list per transaction: a repeated one reads the rules again.
  const rulesOf = new WeakMap<object, readonly ImmutabilityRule[]>();
  return async (transaction, move) => {
    const { tag, currentDigest } = move;
    const rules =
      rulesOf.get(transaction) ?? (await listImmutabilityRules(transaction, repository.namespaceId));
    rulesOf.set(transaction, rules);
    if (immutableBy(rules, { repository: repository.repository, tag }).length === 0) return { kind: 'allow' };
    const isFallback =
      currentDigest !== undefined && (await isReferrerFallback(transaction, { tag, digest: currentDigest }));
    const proposed = { ...move, requester, repository, isReferrerFallback: isFallback };
    return await pushGuard.decideTagMove(transaction, proposed);
  };
}
