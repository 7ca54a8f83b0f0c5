import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

/** `pubspec.lock` of Dart and Flutter: packages that come from a server, not those of the SDK or of a folder. */
export const dartLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'pubspec.lock',
  extract: (_path, bytes) => lockedPackages('dart', 'pubspec.lock', () => readLock(bytes)),
};

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  for (const [name, entry] of UntypedDocument.yaml(bytes).required('packages').entries) {
    if (entry.at('source').text === 'hosted') yield { name, version: entry.at('version').text };
  }
}
