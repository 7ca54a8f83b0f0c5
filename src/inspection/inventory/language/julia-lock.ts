import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

/** `Manifest.toml` of Julia, formats 1 and 2. Parts of the standard library have no version of their own. */
export const juliaLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => /^(?:Julia)?Manifest(?:-v[\d.]+)?\.toml$/.test(fileNameOf(path)),
  extract: (_path, bytes) => lockedPackages('julia', 'Manifest.toml', () => readManifest(bytes)),
};

function* readManifest(bytes: Buffer): Generator<ListedPackage> {
  const document = UntypedDocument.toml(bytes);
  const packages = document.at('deps').isTable ? document.at('deps') : document;
  for (const [name, versions] of packages.entries) {
    for (const item of versions.items) {
      const version = item.at('version').text;
      if (version !== '') yield { name, version };
    }
  }
}
