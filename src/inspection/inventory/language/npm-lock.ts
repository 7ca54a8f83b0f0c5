import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

const names: ReadonlySet<string> = new Set(['package-lock.json', 'npm-shrinkwrap.json']);

/**
 * Lock files of npm (https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json), without what only developers
 * install. Packages ship lock files of their own, which npm ignores.
 */
export const npmLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => names.has(fileNameOf(path)) && !isInPackage(path),
  extract: (_path, bytes) => lockedPackages('npm', 'lock file of npm', () => readLock(bytes)),
};

/** Whether the path is inside an installed npm package. */
export function isInPackage(path: string): boolean {
  return path.startsWith('node_modules/') || path.includes('/node_modules/');
}

function* readLock(bytes: Buffer): Generator<ListedPackage> {
  const document = UntypedDocument.json(bytes);
  document.required('lockfileVersion');
  const packages = document.at('packages');
  if (packages.isTable) yield* readPackages(packages);
  else yield* readDependencies(document.at('dependencies'));
}

/** Versions 2 and 3: by path. An alias states its real name, a link to a workspace no version of its own. */
function* readPackages(packages: UntypedDocument): Generator<ListedPackage> {
  for (const [path, entry] of packages.entries) {
    const folder = path.lastIndexOf('node_modules/');
    if (folder < 0 || entry.at('link').isTrue || entry.at('dev').isTrue) continue;
    yield {
      name: entry.at('name').text || path.slice(folder + 'node_modules/'.length),
      version: entry.at('version').text,
    };
  }
}

/** Version 1: nested by package. An alias has the version `npm:<name>@<version>`. */
function* readDependencies(root: UntypedDocument): Generator<ListedPackage> {
  const open = [root];
  for (let dependencies = open.pop(); dependencies !== undefined; dependencies = open.pop()) {
    for (const [name, entry] of dependencies.entries) {
      if (entry.at('dev').isTrue) continue;
      const [, alias, aliased] = /^npm:(.+)@([^@]+)$/.exec(entry.at('version').text) ?? [];
      yield { name: alias ?? name, version: aliased ?? entry.at('version').text };
      open.push(entry.at('dependencies'));
    }
  }
}
