import { sbomFormats } from '../../../report/sbom/sbom-formats.ts';
import { ImageParams } from '../image.ts';
import { operation } from './operation.ts';
import { AttachedSbom, SbomDocument, SbomQuery, SbomToAttach } from './sbom.ts';

export const sbomOperations = {
  getSbom: operation({
    method: 'GET',
    path: '/images/:id/sbom',
    tag: 'images',
    summary:
      'Bill of materials of an image, by its last scan; 409 for an index and for what was never scanned',
    access: { kind: 'image', right: 'read' },
    params: ImageParams,
    query: SbomQuery,
    status: 200,
    response: SbomDocument,
    mediaTypes: Object.values(sbomFormats).map(({ mediaType }) => mediaType),
  }),
  attachSbom: operation({
    method: 'POST',
    path: '/images/:id/sbom',
    tag: 'images',
    summary: 'Push the bill of materials of an image as a referrer of it; the same one again changes nothing',
    access: { kind: 'image', right: 'push' },
    params: ImageParams,
    body: SbomToAttach,
    status: 201,
    response: AttachedSbom,
  }),
};
