import type { LayerProbe } from '../image/layer-probe.ts';
import type { Extractor } from './extractor.ts';
import type { Found } from './found.ts';
import { npmExtractor } from './language/npm.ts';
import { apkExtractor } from './os/apk.ts';
import { dpkgExtractor } from './os/dpkg.ts';
import { releaseFileExtractor } from './os/release-files.ts';

/** Every extractor there is; see docs/adding-an-extractor.md. */
const extractors: readonly Extractor[] = [releaseFileExtractor, apkExtractor, dpkgExtractor, npmExtractor];

/** What an inventory needs of a layer. The largest dpkg database of a full desktop is about 10 MB. */
export const inventoryProbe: LayerProbe<Found> = {
  fileSizeBytesMax: 32 * 1024 * 1024,
  knownPaths: extractors.flatMap(({ knownPaths }) => knownPaths),
  wants: (path) => extractors.some((extractor) => extractor.wants(path)),
  extract: (path, bytes) =>
    extractors
      .filter((extractor) => extractor.wants(path))
      .flatMap((extractor) => extractor.extract(path, bytes)),
};
