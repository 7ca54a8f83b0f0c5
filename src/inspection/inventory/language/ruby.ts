import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import {
  fileNameOf,
  type ListedPackage,
  languagePackage,
  lockedPackages,
  unreadable,
} from '../listed-packages.ts';

const specification = /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/;
const specificationFolder = /(?:^|\/)specifications(?:\/default)?$/;

/** Gems as installed: `specifications/<name>-<version>.gemspec`, which RubyGems writes itself. */
export const rubyExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => path.endsWith('.gemspec') && specification.test(path),
  belowLink: (link) =>
    specificationFolder.test(link)
      ? { paths: 'unknown', isWantedAt: (place) => specificationFolder.test(place) }
      : undefined,
  extract: (path, bytes) => [readSpecification(path, bytes.toString('utf8'))],
};

/** `Gemfile.lock`, sections GEM. */
export const gemfileLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => path === 'Gemfile.lock' || path.endsWith('/Gemfile.lock'),
  extract: (_path, bytes) => lockedPackages('ruby', 'Gemfile.lock', () => readLock(bytes.toString('utf8'))),
};

function readSpecification(path: string, text: string): Found {
  const [, fileName, fileVersion] = /^(.+?)-(\d[^-]*)(?:-.*)?\.gemspec$/.exec(fileNameOf(path)) ?? [];
  const name = attributeOf(text, 'name') ?? fileName;
  if (name === undefined) return unreadable('The specification of a gem does not name it');
  const version = attributeOf(text, 'version') ?? fileVersion ?? '';
  return languagePackage('ruby', { name, version, ...licenseOf(text) });
}

/** `s.name = "rack".freeze` */
function attributeOf(text: string, attribute: string): string | undefined {
  const pattern = new RegExp(`^[ \\t]*\\w+\\.${attribute}[ \\t]*=[ \\t]*["']([^"'\\s]+)["']`, 'm');
  return pattern.exec(text)?.[1];
}

/** `s.licenses = ["MIT".freeze, "Ruby".freeze]`; what several are to each other is not said. */
function licenseOf(text: string): { readonly license?: string } {
  const [, list = ''] = /^[ \t]*\w+\.licenses?[ \t]*=[ \t]*(.+)$/m.exec(text) ?? [];
  return declaredLicense([...list.matchAll(/["']([^"']+)["']/g)].map(([, name = '']) => name));
}

/** Four blanks before a gem, six before what it needs: `    nokogiri (1.15.4-x86_64-linux)`. */
function* readLock(text: string): Generator<ListedPackage> {
  let isInGems = false;
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) isInGems = line.trim() === 'GEM';
    const [, name, version] = /^ {4}([^\s(]+) \(([^)\s-]+)(?:-[^)]*)?\)\r?$/.exec(line) ?? [];
    if (isInGems && name !== undefined && version !== undefined) yield { name, version };
  }
}
