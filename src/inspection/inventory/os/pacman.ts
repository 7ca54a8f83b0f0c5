import { capText } from '../cap-text.ts';
import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { isOwnershipOfInterest } from '../owned-paths.ts';
import { architectureOf } from './_architecture.ts';
import { DatabaseReading, linesOf } from './_database-reading.ts';

const folder = 'var/lib/pacman/local/';
/** The format's version, the one file that every database has. */
const versionPath = `${folder}ALPM_DB_VERSION`;

/**
 * Packages of pacman: a folder each with `desc` (what it is) and `files` (what it owns). Both are sections, a `%NAME%` and
 * its values line by line to the next empty one (pacman: lib/libalpm/be_local.c).
 */
export const pacmanExtractor: Extractor = {
  knownPaths: [versionPath],
  wants: (path) =>
    path === versionPath ||
    (path.startsWith(folder) && /^[^/]+\/(?:desc|files)$/.test(path.slice(folder.length))),
  extract: (path, bytes) => {
    if (path === versionPath) return [];
    const text = bytes.toString('utf8');
    return path.endsWith('/files') ? ownedPaths(text) : [describedPackage(text)];
  },
};

function* valuesOf(text: string): Generator<readonly [section: string, value: string]> {
  let section = '';
  for (const line of linesOf(text)) {
    if (line === '') section = '';
    else if (section === '' && /^%[A-Z0-9]+%$/.test(line)) section = line;
    else if (section !== '') yield [section, line];
  }
}

function describedPackage(text: string): Found {
  const fields = new Map<string, string>();
  const licenses: string[] = [];
  for (const [section, value] of valuesOf(text)) {
    if (!fields.has(section)) fields.set(section, value);
    if (section === '%LICENSE%') licenses.push(value);
  }
  const name = fields.get('%NAME%');
  const version = fields.get('%VERSION%');
  if (!name || !version) {
    return { kind: 'unreadable', reason: 'A record of the pacman database lacks its name or version' };
  }
  const builtAtSeconds = fields.get('%BUILDDATE%') ?? '';
  return {
    kind: 'package',
    manager: 'pacman',
    name: capText(name),
    version: capText(version),
    sourceName: capText(fields.get('%BASE%') ?? name),
    sourceVersion: capText(version),
    ...architectureOf(fields.get('%ARCH%')),
    ...declaredLicense(licenses),
    ...(/^[1-9]\d{0,10}$/.test(builtAtSeconds) && {
      builtAt: new Date(Number(builtAtSeconds) * 1000).toISOString(),
    }),
  };
}

function ownedPaths(text: string): readonly Found[] {
  const reading = new DatabaseReading();
  for (const [section, path] of valuesOf(text)) {
    if (section === '%FILES%' && isOwnershipOfInterest(path)) reading.add({ kind: 'owned-path', path });
  }
  return reading.found;
}
