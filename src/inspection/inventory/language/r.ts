import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, languagePackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

/** R packages as installed: `<library>/<name>/DESCRIPTION`, which R marks with a field `Built`; a library may have any name. */
export const rExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => path.endsWith('/DESCRIPTION'),
  extract: (_path, bytes) => {
    const text = bytes.toString('utf8');
    const name = fieldOf(text, 'Package');
    if (name === undefined || fieldOf(text, 'Built') === undefined) return [];
    const [, license = ''] = /^License:[ \t]*(\S.*)$/m.exec(text) ?? [];
    const version = fieldOf(text, 'Version') ?? '';
    return [languagePackage('cran', { name, version, ...declaredLicense([license]) })];
  },
};

/** `renv.lock`. */
export const rLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'renv.lock',
  extract: (_path, bytes) => lockedPackages('cran', 'renv.lock', () => readLock(bytes)),
};

function fieldOf(text: string, field: string): string | undefined {
  return new RegExp(`^${field}:[ \\t]*(\\S+)`, 'm').exec(text)?.[1];
}

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  for (const [key, entry] of UntypedDocument.json(bytes).required('Packages').entries) {
    yield { name: entry.at('Package').text || key, version: entry.at('Version').text };
  }
}
