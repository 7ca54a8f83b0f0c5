import Type from 'typebox';
import { closed, component } from './component.ts';
import { SeverityCounts } from './severity.ts';

/** Of a finding. */
export const FromBase = Type.Union([Type.Boolean(), Type.Null()], {
  description: 'It came with the base image; null: nobody can tell, because no base is known',
});

/** The stored image that an image was built on, and what came with it. */
export const BaseImage = component('BaseImage', {
  imageId: Type.Integer(),
  namespace: Type.String(),
  repository: Type.String(),
  tags: Type.Array(Type.String(), {
    description: 'That lead to it now, through an index too; the newest 100',
  }),
  formerTags: Type.Array(Type.String(), {
    description: 'That led to it until they were moved to another image; the last 100',
  }),
  digest: Type.String(),
  layerCount: Type.Integer({
    description: 'Layers with a lower index came with the base, the others are its own',
  }),
  findingCounts: SeverityCounts,
  ownFindingCounts: SeverityCounts,
  newer: Type.Union(
    [
      closed({
        imageId: Type.Integer(),
        tag: Type.String(),
        digest: Type.String(),
        clears: Type.Integer({ description: 'Vulnerabilities of packages that came with the base' }),
        clearsHighOrWorse: Type.Integer(),
        adds: Type.Integer({ description: 'Vulnerabilities that it has and this image has not' }),
      }),
      Type.Null(),
    ],
    { description: 'A newer image of the same release line that is stored and scanned; null: none is known' },
  ),
});

/** Annotations `org.opencontainers.image.base.*` of the manifest. */
export const ClaimedBase = component('ClaimedBase', {
  name: Type.Union([Type.String(), Type.Null()]),
  digest: Type.Union([Type.String(), Type.Null()]),
});

export const baseProperties = {
  base: Type.Union([BaseImage, Type.Null()], {
    description:
      'The stored and scanned image with most of the lowest layers of this one, of those that the caller may read; null: none is known',
  }),
  claimedBase: Type.Union([ClaimedBase, Type.Null()], {
    description: 'What the pusher says of the base in annotations: not verified, and used for nothing',
  }),
};
