import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

/** `Package.resolved` of Swift, versions 1 to 3. Packages are named by where they come from, without the scheme. */
export const swiftLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'Package.resolved',
  extract: (_path, bytes) => lockedPackages('swift', 'Package.resolved', () => readLock(bytes)),
};

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  const document = UntypedDocument.json(bytes);
  document.required('version');
  for (const pin of [...document.at('pins').items, ...document.at('object').at('pins').items]) {
    const url = pin.at('location').text || pin.at('repositoryURL').text;
    const name = url
      .replace(/^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?/, '')
      .replace(':', '/')
      .replace(/\.git$/, '');
    yield { name, version: pin.at('state').at('version').text };
  }
}
