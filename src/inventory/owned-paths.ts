import { isLanguagePath } from './language/language-extractors.ts';

/** Where distributions put programs, at any depth. */
const programFolder = /(?:^|\/)(?:s?bin|libexec)\//;

/**
 * Whether it matters who installed the file at this path (no leading slash): what the distribution's package manager did
 * is judged by the distribution's advisories alone (semantics.md §1).
 */
export function isOwnershipOfInterest(path: string): boolean {
  return programFolder.test(path) || isLanguagePath(path);
}
