import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

const names: ReadonlySet<string> = new Set(['cabal.project.freeze', 'stack.yaml.lock']);

/** `cabal.project.freeze` and `stack.yaml.lock` of Haskell. */
export const haskellLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => names.has(fileNameOf(path)),
  extract: (path, bytes) => {
    const name = fileNameOf(path);
    const read = name === 'stack.yaml.lock' ? readStack : readFreeze;
    return lockedPackages('haskell', name, () => read(bytes));
  },
};

/** `any.aeson ==2.1.2.1,` */
function* readFreeze(bytes: Buffer): Generator<ListedPackage> {
  for (const [, name = '', version = ''] of bytes
    .toString('utf8')
    .matchAll(/\bany\.([A-Za-z0-9-]+)\s*==\s*([0-9.]+)/g)) {
    yield { name, version };
  }
}

/** `hackage: aeson-2.1.2.1@sha256:…,6128` */
function* readStack(bytes: Buffer): Generator<ListedPackage> {
  for (const item of UntypedDocument.yaml(bytes).required('packages').items) {
    const [, name, version] = /^(.+)-([0-9.]+)(?:@|$)/.exec(item.at('completed').at('hackage').text) ?? [];
    if (name !== undefined && version !== undefined) yield { name, version };
  }
}
