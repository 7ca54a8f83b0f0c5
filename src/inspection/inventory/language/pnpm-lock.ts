import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';
import { isInPackage } from './npm-lock.ts';

/** `pnpm-lock.yaml`, lock file versions 5 to 9; without what only developers install, where it says so (up to 6). */
export const pnpmLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'pnpm-lock.yaml' && !isInPackage(path),
  extract: (_path, bytes) => lockedPackages('npm', 'lock file of pnpm', () => readLock(bytes)),
};

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  const document = UntypedDocument.yaml(bytes);
  document.required('lockfileVersion');
  for (const [key, entry] of document.at('packages').entries) {
    if (entry.at('dev').isTrue) continue;
    const [name = '', version = ''] = splitKey(key);
    yield { name: entry.at('name').text || name, version: entry.at('version').text || version };
  }
}

/** `/@scope/name/1.0.0_peer@2` (5), `/@scope/name@1.0.0(peer@2)` (6), `@scope/name@1.0.0` (9). */
function splitKey(key: string): readonly (string | undefined)[] {
  const plain = key.replace(/^\//, '').replace(/\(.*$/, '');
  const [, name, version] = /^(@[^/@]+\/[^/@]+|[^/@]+)[@/]([^/]+)$/.exec(plain) ?? [];
  return [name, version?.replace(/_.*$/, '')];
}
