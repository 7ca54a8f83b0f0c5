import type { Database } from '../../database/database.ts';
import {
  type ImageKey,
  type ImageListFilter,
  type ImageListOrder,
  type ImageRef,
  readImageRefs,
} from '../../lists/image-list.ts';
import type { Verdict } from '../../policy/verdict.ts';

const batchSizeDefault = 1000;
const byId: ImageListOrder = { by: 'pushedAt', descending: true };

/** All images of a filter in batches, so that memory does not grow with their number. */
export async function* walkImages(
  db: Database,
  filter: ImageListFilter,
  order: ImageListOrder = byId,
  batchSize: number = batchSizeDefault,
): AsyncGenerator<readonly ImageRef[]> {
  let after: ImageKey | undefined;
  for (;;) {
    const batch = await readImageRefs(db, { filter, order, after, limit: batchSize });
    if (batch.length > 0) yield batch;
    if (batch.length < batchSize) return;
    after = batch.at(-1)?.key;
  }
}

/** The same with the verdict of each. */
export async function* walkJudged(
  db: Database,
  filter: ImageListFilter,
  options: {
    readonly judge: (images: readonly ImageRef[]) => Promise<readonly Verdict[]>;
    readonly order?: ImageListOrder;
  },
): AsyncGenerator<{ readonly image: ImageRef; readonly verdict: Verdict }> {
  for await (const images of walkImages(db, filter, options.order)) {
    const verdicts = await options.judge(images);
    for (const [index, image] of images.entries()) {
      const verdict = verdicts[index];
      if (verdict !== undefined) yield { image, verdict };
    }
  }
}
