import { capText } from '../cap-text.ts';
import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { isOwnershipOfInterest } from '../owned-paths.ts';
import { architectureOf } from './_architecture.ts';
import { DatabaseReading, linesOf } from './_database-reading.ts';

/** `usr/lib` since Alpine 3.23, where `lib` is merged into it. */
const paths = ['lib/apk/db/installed', 'usr/lib/apk/db/installed'];

/**
 * Packages of apk: the database of installed packages, in the format of an index with the files of each package.
 * https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2
 */
export const apkExtractor: Extractor = {
  knownPaths: paths,
  wants: (path) => paths.includes(path),
  extract: (_path, bytes) => extractInstalled(bytes.toString('utf8')),
};

interface OpenRecord {
  fields: Map<string, string>;
  folder: string;
}

function extractInstalled(text: string): Found[] {
  const reading = new DatabaseReading();
  let record: OpenRecord = { fields: new Map(), folder: '' };
  for (const line of linesOf(text)) {
    if (line === '') {
      closeRecord(record, reading);
      record = { fields: new Map(), folder: '' };
    } else {
      readLine(line, record, reading);
    }
  }
  closeRecord(record, reading);
  return reading.found;
}

function readLine(line: string, record: OpenRecord, reading: DatabaseReading): void {
  const value = line.slice(2);
  if (line[1] !== ':') {
    reading.complain('A line of the apk database is not "<letter>:<value>"');
  } else if (line[0] === 'F') {
    record.folder = value;
  } else if (line[0] === 'R') {
    const path = record.folder === '' ? value : `${record.folder}/${value}`;
    if (isOwnershipOfInterest(path)) reading.add({ kind: 'owned-path', path });
  } else {
    record.fields.set(line.charAt(0), value);
  }
}

function closeRecord({ fields }: OpenRecord, reading: DatabaseReading): void {
  if (fields.size === 0) return;
  const name = fields.get('P');
  const version = fields.get('V');
  if (!name || !version) {
    reading.complain('A record of the apk database lacks its name or version');
    return;
  }
  const builtAt = builtAtOf(fields.get('t'));
  reading.add({
    kind: 'package',
    manager: 'apk',
    name: capText(name),
    version: capText(version),
    sourceName: capText(fields.get('o') || name),
    sourceVersion: capText(version),
    ...architectureOf(fields.get('A')),
    ...declaredLicense([fields.get('L') ?? '']),
    ...(builtAt === undefined ? {} : { builtAt }),
  });
}

/** `t:` is seconds since 1970. */
function builtAtOf(seconds: string | undefined): string | undefined {
  return seconds !== undefined && /^[1-9][0-9]{0,10}$/.test(seconds)
    ? new Date(Number(seconds) * 1000).toISOString()
    : undefined;
}
