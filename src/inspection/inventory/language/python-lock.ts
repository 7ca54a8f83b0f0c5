import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';
import { UntypedDocument } from '../untyped-document.ts';

type ReadLock = (bytes: Buffer) => Iterable<ListedPackage>;

const readers: Readonly<Record<string, ReadLock>> = {
  'poetry.lock': readPackageTables,
  'uv.lock': readPackageTables,
  'pdm.lock': readPackageTables,
  'Pipfile.lock': readPipfile,
};
const requirements = /^requirements(?:[-_.][\w.-]+)?\.txt$/;

/** Lock files of Poetry, uv, PDM and Pipenv, and the exact versions (`==`) of requirements files. */
export const pythonLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => readerOf(path) !== undefined,
  extract: (path, bytes) =>
    lockedPackages('python', `file ${fileNameOf(path)} of Python`, () => readerOf(path)?.(bytes) ?? []),
};

function readerOf(path: string): ReadLock | undefined {
  const name = fileNameOf(path);
  if (Object.hasOwn(readers, name)) return readers[name];
  return requirements.test(name) && !path.includes('site-packages/') ? readRequirements : undefined;
}

/** The project itself stands in `uv.lock` as a package that comes from a folder. */
function* readPackageTables(bytes: Buffer): Generator<ListedPackage> {
  for (const item of UntypedDocument.toml(bytes).at('package').items) {
    const source = item.at('source');
    if (source.at('virtual').text !== '' || source.at('editable').text !== '') continue;
    if (item.at('category').text === 'dev') continue;
    // Since Poetry 2.0.
    const groups = item.at('groups').items;
    if (groups.length > 0 && groups.every(({ text }) => text === 'dev')) continue;
    yield { name: item.at('name').text, version: item.at('version').text };
  }
}

function* readPipfile(bytes: Buffer): Generator<ListedPackage> {
  for (const [name, entry] of UntypedDocument.json(bytes).required('default').entries) {
    yield { name, version: entry.at('version').text.replace(/^===?/, '') };
  }
}

/** Lines of https://pip.pypa.io/en/stable/reference/requirements-file-format/; what is no exact version tells nothing. */
function* readRequirements(bytes: Buffer): Generator<ListedPackage> {
  for (const line of bytes.toString('utf8').split('\n')) {
    const [, name, version] =
      /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;,#\\*]+)\s*(?:[;#\\]|$)/.exec(line) ?? [];
    if (name !== undefined && version !== undefined) yield { name, version };
  }
}
