import { cyclonedxDocument } from './cyclonedx.ts';
import type { DescribedImage, DocumentMaker, JsonObject } from './described-image.ts';
import type { SbomFormatName } from './sbom-format-names.ts';
import { spdxDocument } from './spdx.ts';
import { spdx3Document } from './spdx-3.ts';

/** A format that documents are written in. */
export interface SbomFormat {
  /** Of an artifact that is such a document, and of its layer. */
  readonly mediaType: string;
  /** The same with what an HTTP header may say besides. */
  readonly contentType: string;
  /** End of a file's name, with its dot. */
  readonly fileSuffix: string;
  readonly write: (image: DescribedImage, maker: DocumentMaker) => JsonObject;
}

export const sbomFormats: Readonly<Record<SbomFormatName, SbomFormat>> = {
  cyclonedx: {
    mediaType: 'application/vnd.cyclonedx+json',
    contentType: 'application/vnd.cyclonedx+json; version=1.6',
    fileSuffix: '.cdx.json',
    write: cyclonedxDocument,
  },
  spdx: {
    mediaType: 'application/spdx+json',
    contentType: 'application/spdx+json',
    fileSuffix: '.spdx.json',
    write: spdxDocument,
  },
  spdx3: {
    mediaType: 'application/spdx+json',
    contentType: 'application/spdx+json',
    fileSuffix: '.spdx3.json',
    write: spdx3Document,
  },
};
