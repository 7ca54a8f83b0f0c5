import { PackageURL } from 'packageurl-js';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { languagePackage, unreadable } from '../listed-packages.ts';
import { DocumentError, UntypedDocument } from '../untyped-document.ts';

/** What Bitnami's images say of themselves: `opt/bitnami/<component>/.spdx-<component>.spdx`, SPDX 2 as JSON. */
export const bitnamiExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => /(?:^|\/)opt\/bitnami\/(?:[^/]+\/)*\.spdx-[^/]+\.spdx$/.test(path),
  extract: (_path, bytes) => {
    try {
      return UntypedDocument.json(bytes).required('packages').items.flatMap(bitnamiPackages);
    } catch (error) {
      if (error instanceof DocumentError) return [unreadable('An SPDX file of Bitnami is not of its format')];
      throw error;
    }
  },
};

/** Only packages of type `bitnami`: the others are read from their own files. */
function bitnamiPackages(item: UntypedDocument): Found[] {
  const locators = item.at('externalRefs').items.map((reference) => reference.at('referenceLocator').text);
  return locators.filter((locator) => locator.startsWith('pkg:bitnami/')).map(readLocator);
}

/** The last part of a version (`7.2.4-1`) counts Bitnami's own builds. */
function readLocator(locator: string): Found {
  const url = parseUrl(locator);
  if (url === undefined) return unreadable('An SPDX file of Bitnami has a package URL that is none');
  return languagePackage('bitnami', { name: url.name, version: (url.version ?? '').replace(/-\d+$/, '') });
}

function parseUrl(text: string): PackageURL | undefined {
  try {
    return PackageURL.fromString(text);
  } catch {
    return undefined; // the answer is "no package URL"
  }
}
