import type { Transaction } from 'kysely';
import { listImmutabilityRules } from '../catalog/immutability-rules.ts';
import type { Tables } from '../database/tables.ts';
import { freeTagNames } from '../policy/free-tag-names.ts';
import { describeRule, immutableBy } from '../policy/immutability.ts';
import type { PushDecision, PushGuard, TagMove } from '../registry/guards.ts';

/** Names that are tried before the answer does without a suggestion. */
const suggestionsMax = 100;

/** Refuses to move or delete immutable tags (semantics.md §4), inside the transaction that would; failures are thrown. */
export class TagGuard implements PushGuard {
  async decideTagMove(transaction: Transaction<Tables>, move: TagMove): Promise<PushDecision> {
    const { currentDigest, newDigest, repository, tag } = move;
    if (currentDigest === undefined || currentDigest === newDigest) return { kind: 'allow' };
    if (move.isReferrerFallback) return { kind: 'allow' };
    const rules = await listImmutabilityRules(transaction, repository.namespaceId);
    const immutable = immutableBy(rules, { repository: repository.repository, tag });
    const isDelete = newDigest === undefined;
    const refusing = immutable.find((rule) => !isDelete || !rule.allowDelete);
    if (refusing === undefined) return { kind: 'allow' };
    const freeTag = isDelete ? undefined : await findFreeTag(transaction, move);
    const action = isDelete ? 'delete' : 'move';
    const advice = freeTag === undefined ? '' : `; "${freeTag}" is free`;
    return {
      kind: 'refuse',
      message: `Cannot ${action} tag "${tag}": it is immutable by ${describeRule(refusing)}, and points at ${currentDigest}${advice}`,
      detail: {
        rule: { id: refusing.id, template: refusing.template, description: describeRule(refusing) },
        tag,
        currentDigest,
        ...(freeTag === undefined ? {} : { freeTag }),
      },
    };
  }
}

async function findFreeTag(
  transaction: Transaction<Tables>,
  { repository, tag }: TagMove,
): Promise<string | undefined> {
  const names = freeTagNames(tag, suggestionsMax);
  const rows = await transaction
    .selectFrom('tag')
    .select('name')
    .where('repository_id', '=', repository.repositoryId)
    .where('name', 'in', names)
    .execute();
  const taken = new Set(rows.map(({ name }) => name));
  return names.find((name) => !taken.has(name));
}
