import type { ImageListFilter } from '../../lists/image-list.ts';
import { cancelScan, queueScan, queueScans } from '../../scan/queue-scan.ts';
import { walkImages, walkJudged } from '../answers/walk-images.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { Caller } from '../caller.ts';
import type { ScanRequest } from '../contract/operations/scan-request.ts';
import { badRequest, forbidden, notFound } from '../errors.ts';
import { recordChange } from '../record-change.ts';
import { namespacesWith, visibleImages } from '../visible-images.ts';

export function scanHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'scanImage' | 'cancelScan' | 'scanImages'> {
  const { db, enqueuer, canceller } = dependencies;
  return {
    scanImage: async (call) => {
      const { image } = call;
      const queued = await db.transaction().execute(async (transaction) => {
        const count = await queueScan(transaction, enqueuer, image.digest, { reason: 'asked' });
        await recordChange(transaction, call, {
          kind: 'scan.queued',
          subject: `${image.repository}@${image.digest}`,
        });
        return count;
      });
      return { images: 1, queued };
    },

    cancelScan: async (call) => {
      const { image } = call;
      const change = { kind: 'scan.cancelled', subject: `${image.repository}@${image.digest}` };
      await cancelScan(db, canceller, image.digest, async (transaction) => {
        await recordChange(transaction, call, change);
      });
      return undefined;
    },

    scanImages: async (call) => {
      const { body, caller, request, now } = call;
      const filter = await readRequest(dependencies, { caller, body });
      const verdict = body.filter?.verdict;
      let images = 0;
      let queued = 0;
      await db.transaction().execute(async (transaction) => {
        const queue = async (digests: readonly string[]) => {
          images += digests.length;
          queued += await queueScans(transaction, enqueuer, digests, { reason: 'asked' });
        };
        if (verdict === undefined) {
          for await (const batch of walkImages(transaction, filter))
            await queue(batch.map(({ digest }) => digest));
        } else {
          const judge = (refs: Parameters<typeof dependencies.verdicts.verdictsOf>[0]) =>
            dependencies.verdicts.verdictsOf(refs, { now });
          const chosen: string[] = [];
          for await (const { image, verdict: found } of walkJudged(transaction, filter, { judge })) {
            if (found.kind === verdict) chosen.push(image.digest);
          }
          await queue(chosen);
        }
        const change = {
          kind: 'scan.queued',
          subject: `${images} images`,
          details: { request: body, queued },
        };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
      });
      return { images, queued };
    },
  };
}

async function readRequest(
  dependencies: ApiDependencies,
  { caller, body }: { readonly caller: Caller; readonly body: ScanRequest },
): Promise<ImageListFilter> {
  const { db } = dependencies;
  const { imageIds, filter } = body;
  if (filter !== undefined && imageIds === undefined)
    return await visibleImages(db, { caller, filter, right: 'scan' });
  if (imageIds === undefined || filter !== undefined) {
    throw badRequest(
      'Cannot choose images: exactly one of the body keys "imageIds" and "filter" must be there',
    );
  }
  const ids = [...new Set(imageIds)];
  await refuseUnlessAll(dependencies, { caller, ids, right: 'read' });
  await refuseUnlessAll(dependencies, { caller, ids, right: 'scan' });
  return { ids };
}

/** 404 names ids that the caller may not see, 403 those that they may see but not scan: all or nothing. */
async function refuseUnlessAll(
  { db }: ApiDependencies,
  asked: { readonly caller: Caller; readonly ids: readonly number[]; readonly right: 'read' | 'scan' },
): Promise<void> {
  const { caller, ids, right } = asked;
  const namespaceIds = await namespacesWith(db, { caller, right });
  const filter = { ids, ...(namespaceIds === undefined ? {} : { namespaceIds }) };
  const allowed = new Set<number>();
  for await (const batch of walkImages(db, filter)) for (const { id } of batch) allowed.add(id);
  const refused = ids.filter((id) => !allowed.has(id));
  if (refused.length === 0) return;
  const shown = refused.slice(0, 10).join(', ');
  if (right === 'read') {
    throw notFound(`Cannot find images ${shown}: they do not exist, or your account may not see them`);
  }
  throw forbidden(`Cannot scan images ${shown}: it needs the role developer in their namespaces`, {
    imageIds: refused,
  });
}
