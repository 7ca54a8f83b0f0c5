import type { Database } from '../../database/database.ts';
import { type BaseImage, readBaseImage } from '../../scan/comparison/base-image.ts';
import type { Caller } from '../caller.ts';
import { namespacesWith } from '../visible-images.ts';

/** The base of an image as far as the caller may know: one in a namespace that they may not read is not there for them. */
export async function readableBase(
  db: Database,
  asked: { readonly image: { readonly digest: string }; readonly caller: Caller },
): Promise<BaseImage | undefined> {
  const { image, caller } = asked;
  const namespaceIds = await namespacesWith(db, { caller, right: 'read' });
  return await readBaseImage(db, { digest: image.digest, namespaceIds });
}
