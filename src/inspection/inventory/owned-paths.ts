import { isLanguagePath } from './language/language-extractors.ts';
import { fileNameOf } from './listed-packages.ts';

/** Where distributions put programs, at any depth. */
const programFolder = /(?:^|\/)(?:s?bin|libexec|games)\//;
/** Where they put parts of programs; among those that are no shared libraries, programs have no suffix. */
const libraryFolder = /(?:^|\/)lib(?:32|64|x32)?\//;
const sharedLibrary = /\.so(?:\.[\d.]+)?$/;

/**
 * Whether it matters who installed the file at this path (no leading slash): what the distribution's package manager did
 * is judged by the distribution's advisories alone (semantics.md §1).
 */
export function isOwnershipOfInterest(path: string): boolean {
  const name = fileNameOf(path);
  const isProgram =
    programFolder.test(path) ||
    sharedLibrary.test(name) ||
    (name !== '' && !name.includes('.') && libraryFolder.test(path));
  return isProgram || isLanguagePath(path);
}
