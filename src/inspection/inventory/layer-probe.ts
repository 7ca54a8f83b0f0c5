import type { LayerProbe } from '../image/layer-probe.ts';
import type { Extractor } from './extractor.ts';
import type { Found } from './found.ts';
import { languageExtractors } from './language/language-extractors.ts';
import { osExtractors } from './os/os-extractors.ts';
import { programExtractors } from './programs/program-extractors.ts';

/** Every extractor there is; see docs/adding-an-extractor.md. */
const extractors: readonly Extractor[] = [...osExtractors, ...languageExtractors];

const linkFollowers = extractors.filter((extractor) => extractor.belowLink !== undefined);

/** The largest dpkg database of a full desktop is about 10 MB. */
const fileSizeBytesMax = 32 * 1024 * 1024;
/** threats.md §1.9: the largest entry that is parsed. */
const programSizeBytesMax = 256 * 1024 * 1024;

/** What an inventory needs of a layer. */
export const inventoryProbe: LayerProbe<Found> = {
  knownPaths: extractors.flatMap(({ knownPaths }) => knownPaths),
  wants: (path) => extractors.some((extractor) => extractor.wants(path)),
  belowLink: (link) => {
    for (const extractor of linkFollowers) {
      const folder = extractor.belowLink?.(link);
      if (folder !== undefined) return folder;
    }
    return undefined;
  },
  fileSizeBytesMax: (path) =>
    Math.max(
      fileSizeBytesMax,
      ...extractors.flatMap((extractor) => (extractor.wants(path) ? (extractor.fileSizeBytesMax ?? []) : [])),
    ),
  extract: (path, bytes) =>
    extractors
      .filter((extractor) => extractor.wants(path))
      .flatMap((extractor) => extractor.extract(path, bytes)),
  programs: {
    sizeBytesMax: programSizeBytesMax,
    // Libraries for machine learning reach gigabytes; those of Go and Rust do not.
    isExpendable: (path) => /\.(?:so(?:\.[\d.]+)?|dll|dylib)$/.test(path),
    marks: programExtractors.flatMap(({ mark }) => mark ?? []),
    extract: (path, program) => programExtractors.flatMap((extractor) => extractor.extract(path, program)),
  },
};
