import type { ImmutabilityRuleCreate } from '../../api/answers.ts';
import { useImmutabilityPreview } from '../../api/immutability-rules.ts';

const shownMax = 12;

/** Which of the existing tags the rule would hold. */
export function ImmutabilityPreviewList({
  namespace,
  rule,
}: {
  namespace: string;
  rule: ImmutabilityRuleCreate;
}) {
  const preview = useImmutabilityPreview({ namespace, rule, enabled: true });
  if (preview.error !== null) return <p role="status">{preview.error.message}</p>;
  if (preview.data === undefined) return null;
  const { total, immutableCount, tags } = preview.data;
  const held = tags.filter((tag) => tag.immutable);
  return (
    <div>
      <p role="status" style={{ margin: 0 }}>
        {total === 0
          ? 'There are no tags yet: the rule acts on those to come.'
          : `Would hold ${immutableCount} of ${total} existing tags.`}
      </p>
      {held.length > 0 && (
        <p className="pq-mono pq-dim pq-break" style={{ margin: '4px 0 0' }}>
          {held
            .slice(0, shownMax)
            .map((tag) => `${tag.repository}:${tag.tag}`)
            .join('  ')}
          {immutableCount > shownMax && ` and ${immutableCount - shownMax} more`}
        </p>
      )}
    </div>
  );
}
