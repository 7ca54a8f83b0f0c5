import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import {
  fileNameOf,
  type ListedPackage,
  languagePackage,
  lockedPackages,
  unreadable,
} from '../listed-packages.ts';
import { DocumentError, UntypedDocument } from '../untyped-document.ts';

/** What .NET puts before the name of the package that a program got its runtime from. */
const runtimePack = /^runtimepack\./i;

/** What a built .NET program runs with: `<program>.deps.json`, beside it. */
export const dotnetExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => path.endsWith('.deps.json'),
  extract: (_path, bytes) => readDependencies(bytes),
};

/** `packages.lock.json` of NuGet. */
export const nugetLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'packages.lock.json',
  extract: (_path, bytes) => lockedPackages('dotnet', 'packages.lock.json', () => readLock(bytes)),
};

/** Keys are `<name>/<version>`; the program itself has the type `project`. */
function readDependencies(bytes: Buffer): Found[] {
  try {
    return UntypedDocument.json(bytes)
      .required('libraries')
      .entries.filter(([, entry]) => entry.at('type').text.toLowerCase() !== 'project')
      .map(([key]) => {
        const slash = key.lastIndexOf('/');
        const name = (slash < 0 ? key : key.slice(0, slash)).replace(runtimePack, '');
        return languagePackage('dotnet', { name, version: slash < 0 ? '' : key.slice(slash + 1) });
      });
  } catch (error) {
    if (error instanceof DocumentError)
      return [unreadable('The dependencies of a .NET program are not of their format')];
    throw error;
  }
}

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  for (const [, packages] of UntypedDocument.json(bytes).required('dependencies').entries) {
    for (const [name, entry] of packages.entries) {
      if (entry.at('type').text !== 'Project') yield { name, version: entry.at('resolved').text };
    }
  }
}
