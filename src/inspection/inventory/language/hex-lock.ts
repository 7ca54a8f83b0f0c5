import type { Extractor } from '../extractor.ts';
import { fileNameOf, type ListedPackage, lockedPackages } from '../listed-packages.ts';

const names: ReadonlySet<string> = new Set(['mix.lock', 'rebar.lock']);
/** A line of `mix.lock`: `"phoenix": {:hex, :phoenix, "1.7.10", "…`. */
const mixPackage = /\{:hex,\s*:"?([A-Za-z0-9_]+)"?,\s*"([^"]+)"/g;
/** A line of `rebar.lock`: `{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0}`. */
const rebarPackage = /\{pkg,\s*<<"([^"]+)">>,\s*<<"([^"]+)">>/g;

/** Lock files of Elixir's Mix and Erlang's Rebar. */
export const hexLockExtractor: Extractor = {
  knownPaths: [],
  wants: (path) => names.has(fileNameOf(path)),
  extract: (path, bytes) =>
    lockedPackages('hex', fileNameOf(path), () => readLock(path, bytes.toString('utf8'))),
};

function* readLock(path: string, text: string): Generator<ListedPackage> {
  const pattern = fileNameOf(path) === 'mix.lock' ? mixPackage : rebarPackage;
  for (const [, name = '', version = ''] of text.matchAll(pattern)) yield { name, version };
}
