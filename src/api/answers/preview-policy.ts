import { describeReason } from '../../gate/describe-reasons.ts';
import { readGateBounds } from '../../gate/gate-bounds.ts';
import { namedInLists } from '../../gate/verdicts.ts';
import { readImageRows } from '../../lists/image-list.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { PolicyPreview } from '../contract/policy.ts';
import { countVerdicts, sumOfVerdicts } from './count-verdicts.ts';
import { reasonsOf } from './show-verdict.ts';
import { walkImages } from './walk-images.ts';

const examplesMax = 20;
const examplesPerStep = 100;
const examplesJudgedMax = 1_000;

/** What a policy would do to every image of a namespace; examples by severity, blocked and warned ones alike. */
export async function previewPolicy(
  dependencies: ApiDependencies,
  wanted: { readonly namespaceId: number; readonly policy: Policy; readonly now: Date },
): Promise<PolicyPreview> {
  const { db, verdicts } = dependencies;
  const { namespaceId, policy, now } = wanted;
  const filter = { namespaceIds: [namespaceId] };
  const bounds = await readGateBounds(db, { ...filter, policy, now });
  const { images, block, warn, hold, unsettled, isEstimate } = sumOfVerdicts(
    await countVerdicts(dependencies, { filter, bounds, now, policy }),
  );
  const reasonsById = new Map<number, string[]>();
  let judged = 0;
  for await (const batch of walkImages(db, filter, { by: 'severity', descending: true }, examplesPerStep)) {
    const own = await verdicts.verdictsOf(batch, { now, policy });
    for (const [index, image] of batch.entries()) {
      const verdict = own[index];
      if (verdict === undefined || verdict.kind === 'allow' || reasonsById.size === examplesMax) continue;
      reasonsById.set(image.id, reasonsOf(verdict).slice(0, namedInLists).map(describeReason));
    }
    judged += batch.length;
    if (reasonsById.size === examplesMax || judged >= examplesJudgedMax) break;
    if (reasonsById.size >= block + warn + hold && !isEstimate) break;
  }
  const rows = await readImageRows(db, [...reasonsById.keys()]);
  const examples = rows.map(({ id, repository, tags, digest }) => ({
    imageId: id,
    repository,
    tags: [...tags],
    digest,
    reasons: reasonsById.get(id) ?? [],
  }));
  return {
    images,
    blocked: block,
    warned: warn,
    undetermined: unsettled,
    ...(isEstimate ? { isEstimate } : {}),
    examples,
  };
}
