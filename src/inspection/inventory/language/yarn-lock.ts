import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { DocumentError, UntypedDocument } from '../untyped-document.ts';
import { isInPackage } from './npm-lock.ts';

/** `yarn.lock` of Yarn 1 (a format of its own) and of later ones (YAML). It does not tell what only developers install. */
export const yarnLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => fileNameOf(path) === 'yarn.lock' && !isInPackage(path),
  extract: (_path, bytes) => lockedPackages('npm', 'lock file of Yarn', () => readLock(bytes)),
};

function readLock(bytes: Buffer): Iterable<ListedPackage> {
  return bytes.includes('\n__metadata:') || bytes.indexOf('__metadata:') === 0
    ? readBerry(UntypedDocument.yaml(bytes))
    : readClassic(bytes.toString('utf8'));
}

/** `"<name>@npm:<version>"` says which package a line resolves to; workspaces and patches are none of their own. */
function* readBerry(document: UntypedDocument): Generator<ListedPackage> {
  for (const [key, entry] of document.entries) {
    const [, name] = /^(@?[^@]+)@npm:/.exec(entry.at('resolution').text) ?? [];
    if (key !== '__metadata' && name !== undefined) yield { name, version: entry.at('version').text };
  }
}

/**
 *     "@babel/core@^7.0.0", "@babel/core@^7.1.0":
 *       version "7.1.2"
 */
function* readClassic(text: string): Generator<ListedPackage> {
  let name: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      if (!line.trimEnd().endsWith(':')) throw new DocumentError('a line must name packages');
      name = nameOfSpecifier(line.slice(0, line.indexOf(',') < 0 ? undefined : line.indexOf(',')));
      continue;
    }
    const [, version] = /^ {2}version "?([^"\s]+)"?\s*$/.exec(line) ?? [];
    if (version === undefined || name === undefined) continue;
    yield { name, version };
    name = undefined;
  }
}

/** `"alias@npm:@scope/name@^1.0.0"` stands for `@scope/name`. */
function nameOfSpecifier(quoted: string): string {
  const specifier = quoted.replace(/^"|["\s:]+$/g, '');
  const [, aliased] = /^@?[^@]+@npm:(@?[^@]+)/.exec(specifier) ?? [];
  return aliased ?? /^(@?[^@]+)@/.exec(specifier)?.[1] ?? specifier;
}
