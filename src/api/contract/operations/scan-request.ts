import Type, { type Static } from 'typebox';
import { component, Id } from '../component.ts';
import { ImageFilter } from '../image.ts';

/** Which images to scan: by id, or all that match a filter; exactly one of the two. */
export const ScanRequest = component('ScanRequest', {
  imageIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
  filter: Type.Optional(ImageFilter),
});
export type ScanRequest = Static<typeof ScanRequest>;

export const ScansQueued = component('ScansQueued', {
  images: Type.Integer({ description: 'Images that the request names' }),
  queued: Type.Integer({
    description: 'Scans that were put into the queue: images of equal content share one',
  }),
});
