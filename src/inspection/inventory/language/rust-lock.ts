import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

/** `Cargo.lock`. Packages of the workspace have no source and are not crates that others publish. */
export const rustLockExtractor: Extractor = {
  knownPaths: [],
  // Cargo unpacks the crates it builds with, each with the lock file of its author.
  wants: (path) => fileNameOf(path) === 'Cargo.lock' && !path.includes('/registry/src/'),
  extract: (_path, bytes) => lockedPackages('rust', 'Cargo.lock', () => readLock(bytes)),
};

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  for (const item of UntypedDocument.toml(bytes).at('package').items) {
    if (item.at('source').text !== '') yield { name: item.at('name').text, version: item.at('version').text };
  }
}
