import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

/** `conan.lock` of Conan 1 (a graph) and 2 (lists), without what only builds need. */
export const conanLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'conan.lock',
  extract: (_path, bytes) => lockedPackages('conan', 'conan.lock', () => readLock(bytes)),
};

/** A reference is `<name>/<version>[@user/channel][#revision][%time]`. */
function* readLock(bytes: Buffer): Generator<ListedPackage> {
  const document = UntypedDocument.json(bytes);
  document.required('version');
  const nodes = document.at('graph_lock').at('nodes').entries;
  const references = [
    ...document.at('requires').items.map((item) => item.text),
    ...nodes.filter(([, node]) => node.at('context').text !== 'build').map(([, node]) => node.at('ref').text),
  ];
  for (const reference of references) {
    const [, name, version] = /^([^/@#%\s]+)\/([^/@#%\s]+)/.exec(reference) ?? [];
    if (name !== undefined && version !== undefined) yield { name, version };
  }
}
