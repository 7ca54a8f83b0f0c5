import Type, { type Static } from 'typebox';
import { sbomFormatNames } from '../../../report/sbom/sbom-format-names.ts';
import { closed, component } from '../component.ts';

export const SbomFormat = Type.Enum([...sbomFormatNames], {
  description: 'cyclonedx: CycloneDX 1.6, spdx: SPDX 2.3, both JSON; spdx3: SPDX 3.0.1, JSON-LD',
});

export const SbomQuery = closed({
  format: Type.Optional(Type.Enum([...sbomFormatNames], { default: 'cyclonedx' })),
});

/** A document of another specification than this one, by its schema. */
export const SbomDocument = Type.Object(
  {},
  {
    additionalProperties: true,
    description: 'By the schema of the format: CycloneDX 1.6, SPDX 2.3 or SPDX 3.0.1',
  },
);

export const SbomToAttach = component('SbomToAttach', { format: SbomFormat });

export const AttachedSbom = component('AttachedSbom', {
  imageId: Type.Integer({ description: 'Of the artifact, in the same repository' }),
  digest: Type.String({ description: 'Of its manifest' }),
  artifactType: Type.String(),
  subject: Type.String({ description: 'Digest of the image' }),
  isNew: Type.Boolean({ description: 'False: the same document was attached before' }),
});
export type AttachedSbom = Static<typeof AttachedSbom>;
