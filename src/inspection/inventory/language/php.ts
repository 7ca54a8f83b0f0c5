import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { type ListedPackage, languagePackage, lockedPackages, unreadable } from '../listed-packages.ts';
import { DocumentError, UntypedDocument } from '../untyped-document.ts';

/** Composer packages as installed: `vendor/composer/installed.json`, of Composer 1 (a list) and 2. */
export const phpExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => path.endsWith('/composer/installed.json'),
  belowLink: (link) =>
    link.endsWith('/composer')
      ? { paths: [`${link}/installed.json`], isWantedAt: (place) => place.endsWith('/composer') }
      : undefined,
  extract: (_path, bytes) => readInstalled(bytes),
};

/** `composer.lock`, without what only developers install. */
export const composerLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => path === 'composer.lock' || path.endsWith('/composer.lock'),
  extract: (_path, bytes) =>
    lockedPackages('php', 'composer.lock', () =>
      readPackages(UntypedDocument.json(bytes).required('packages')),
    ),
};

function readInstalled(bytes: Buffer): Found[] {
  try {
    const document = UntypedDocument.json(bytes);
    const packages = document.isTable ? document.required('packages') : document;
    return [...readPackages(packages)].map((item) => languagePackage('php', item));
  } catch (error) {
    if (error instanceof DocumentError)
      return [unreadable('The list of installed Composer packages is not of its format')];
    throw error;
  }
}

/** Tags are often written `v1.2.3`. Several licences are a choice (https://getcomposer.org/doc/04-schema.md#license). */
function* readPackages(packages: UntypedDocument): Generator<ListedPackage> {
  for (const item of packages.items) {
    const license = item.at('license');
    const licenses = [license, ...license.items].map(({ text }) => text);
    yield {
      name: item.at('name').text,
      version: item.at('version').text.replace(/^v(?=\d)/, ''),
      ...declaredLicense(licenses, ' OR '),
    };
  }
}
