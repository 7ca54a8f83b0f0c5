import { capText } from '../cap-text.ts';
import type { Extractor } from '../extractor.ts';
import type { Found, FoundRelease } from '../found.ts';

const sources: Readonly<Record<string, FoundRelease['source']>> = {
  'etc/os-release': 'os-release',
  'usr/lib/os-release': 'os-release',
  'etc/alpine-release': 'alpine-release',
  'etc/debian_version': 'debian-version',
};

/** Files by which a distribution names itself: os-release(5), and the older files of Alpine and Debian. */
export const releaseFileExtractor: Extractor = {
  knownPaths: Object.keys(sources),
  wants: (path) => Object.hasOwn(sources, path),
  extract: (path, bytes) => {
    const source = sources[path];
    return source === undefined ? [] : readRelease(source, bytes.toString('utf8'));
  },
};

function readRelease(source: FoundRelease['source'], text: string): Found[] {
  if (source === 'os-release') return readOsRelease(text);
  const versionId = capText(text.trim().split('\n', 1)[0] ?? '');
  if (versionId === '') return [];
  const [id, name] = source === 'alpine-release' ? ['alpine', 'Alpine Linux'] : ['debian', 'Debian'];
  return [{ kind: 'release', source, id, versionId, prettyName: `${name} ${versionId}` }];
}

function readOsRelease(text: string): Found[] {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) fields.set(key, capText(unquote(value.trim())));
  }
  const id = fields.get('ID')?.toLowerCase() ?? '';
  if (id === '') return [];
  const versionId = fields.get('VERSION_ID') ?? '';
  const prettyName = fields.get('PRETTY_NAME') || `${fields.get('NAME') || id} ${versionId}`.trim();
  return [{ kind: 'release', source: 'os-release', id, versionId, prettyName }];
}

/** Values follow the shell's quoting, without expansion (os-release(5)). */
function unquote(value: string): string {
  const [, quote, inner = ''] = /^(["'])(.*)\1$/.exec(value) ?? [];
  if (quote === undefined) return value;
  return quote === '"' ? inner.replace(/\\(["$`\\])/g, '$1') : inner;
}
