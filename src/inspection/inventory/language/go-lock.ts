import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';

/**
 * `go.mod`: the modules it requires, those that it replaces under their new name (https://go.dev/ref/mod#go-mod-file).
 * The module cache holds the `go.mod` of every module, which says nothing of what was built.
 */
export const goLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) =>
    fileNameOf(path) === 'go.mod' && !path.includes('pkg/mod/') && !path.includes('/testdata/'),
  extract: (_path, bytes) => lockedPackages('go', 'go.mod', () => readModule(bytes.toString('utf8'))),
};

function readModule(text: string): Iterable<ListedPackage> {
  const required = new Map<string, ListedPackage>();
  const replaced = new Map<string, ListedPackage | undefined>();
  let block = '';
  for (const line of text.split('\n')) {
    const words = line
      .replace(/\/\/.*$/, '')
      .trim()
      .split(/\s+/);
    if (words[0] === ')') block = '';
    else if (words[1] === '(') block = words[0] ?? '';
    else readDirective(block === '' ? words : [block, ...words], required, replaced);
  }
  return [...required].flatMap(([name, listed]) => {
    const version = replaced.has(`${name}@${listed.version}`) ? `${name}@${listed.version}` : name;
    return replaced.has(version) ? (replaced.get(version) ?? []) : listed;
  });
}

/** `require m v1`, `replace m [v1] => other v2`, `replace m => ./folder`: of a folder nothing is known. */
function readDirective(
  words: readonly string[],
  required: Map<string, ListedPackage>,
  replaced: Map<string, ListedPackage | undefined>,
): void {
  const [directive, name = '', third, ...rest] = words.map((word) => word.replace(/^["`]|["`]$/g, ''));
  if (directive === 'require' && third !== undefined) {
    required.set(name, { name, version: third.replace(/^v/, '') });
  } else if (directive === 'replace') {
    const [target = '', version] = third === '=>' ? rest : rest.slice(1);
    const from = third === '=>' ? name : `${name}@${third?.replace(/^v/, '')}`;
    replaced.set(
      from,
      version === undefined ? undefined : { name: target, version: version.replace(/^v/, '') },
    );
  }
}
