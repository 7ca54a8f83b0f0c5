import { describeReason } from '../gate/describe-reasons.ts';
import type { Policy } from '../policy/policy.ts';
import { readImageRows } from '../scan/image-list.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { PolicyPreview } from './contract/policy.ts';
import { isUnsettled, reasonsOf } from './show-verdict.ts';
import { walkJudged } from './walk-images.ts';

const examplesMax = 20;
const exampleReasonsMax = 5;

/** What a policy would do to every image of a namespace; examples by severity, blocked and warned ones alike. */
export async function previewPolicy(
  { db, verdicts }: ApiDependencies,
  wanted: { readonly namespaceId: number; readonly policy: Policy; readonly now: Date },
): Promise<PolicyPreview> {
  const { namespaceId, policy, now } = wanted;
  const counts = { images: 0, blocked: 0, warned: 0, undetermined: 0 };
  const reasonsById = new Map<number, string[]>();
  const walked = walkJudged(
    db,
    { namespaceIds: [namespaceId] },
    {
      judge: (images) => verdicts.verdictsOf(images, { now, policy }),
      order: { by: 'severity', descending: true },
    },
  );
  for await (const { image, verdict } of walked) {
    counts.images += 1;
    if (verdict.kind === 'block') counts.blocked += 1;
    if (verdict.kind === 'warn') counts.warned += 1;
    if (isUnsettled(verdict)) counts.undetermined += 1;
    if (verdict.kind === 'allow' || reasonsById.size === examplesMax) continue;
    reasonsById.set(image.id, reasonsOf(verdict).slice(0, exampleReasonsMax).map(describeReason));
  }
  const rows = await readImageRows(db, [...reasonsById.keys()]);
  const examples = rows.map(({ id, repository, tags, digest }) => ({
    imageId: id,
    repository,
    tags: [...tags],
    digest,
    reasons: reasonsById.get(id) ?? [],
  }));
  return { ...counts, examples };
}
