import type { Extractor } from '../extractor.ts';
import { apkExtractor } from './apk.ts';
import { bottlerocketExtractor } from './bottlerocket.ts';
import { dpkgExtractor } from './dpkg.ts';
import { pacmanExtractor } from './pacman.ts';
import { releaseFileExtractor } from './release-files.ts';
import { rpmExtractor } from './rpm.ts';
import { rpmManifestExtractor } from './rpm-manifest.ts';

/** Readers of release files and of the package databases of distributions. */
export const osExtractors: readonly Extractor[] = [
  releaseFileExtractor,
  apkExtractor,
  dpkgExtractor,
  rpmExtractor,
  rpmManifestExtractor,
  bottlerocketExtractor,
  pacmanExtractor,
];
