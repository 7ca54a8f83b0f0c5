import type { Extractor } from '../extractor.ts';
import { npmExtractor } from './npm.ts';

/** Readers of what package managers of languages install, and of their lock files. */
export const languageExtractors: readonly Extractor[] = [npmExtractor];

/** Whether a file at this path may name a language package: such a one may belong to the distribution. */
export function isLanguagePath(path: string): boolean {
  return languageExtractors.some((extractor) => extractor.wants(path));
}
