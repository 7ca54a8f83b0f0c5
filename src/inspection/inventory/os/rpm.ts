import { capText } from '../cap-text.ts';
import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { Found, FoundPackage } from '../found.ts';
import { isOwnershipOfInterest } from '../owned-paths.ts';
import { architectureOf } from './_architecture.ts';
import { DatabaseReading } from './_database-reading.ts';
import { berkeleyHeaders, isBerkeleyHash } from './_rpm-berkeley.ts';
import { collectHeaders, type RpmDatabaseContent } from './_rpm-database.ts';
import { RpmHeader, rpmTags } from './_rpm-header.ts';
import { isNdb, ndbHeaders } from './_rpm-ndb.ts';
import { rpmSourceOf } from './_rpm-source.ts';
import { isSqlite, sqliteHeaders } from './_rpm-sqlite.ts';

/** Where rpm keeps its database: since ever, since Fedora 36 and on SUSE, and on systems of rpm-ostree. */
const folders = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];
const databases = folders.flatMap((folder) =>
  ['Packages', 'Packages.db', 'rpmdb.sqlite'].map((name) => `${folder}/${name}`),
);
/** What SQLite has not yet written into the database: with something in it, the database is not all there is. */
const journals: ReadonlySet<string> = new Set(
  folders.flatMap((folder) => [`${folder}/rpmdb.sqlite-wal`, `${folder}/rpmdb.sqlite-journal`]),
);

/** Packages of rpm, from its database in any of its three formats, without rpm. */
export const rpmExtractor: Extractor = {
  knownPaths: databases,
  fileSizeBytesMax: 256 * 1024 * 1024,
  wants: (path) => databases.includes(path) || journals.has(path),
  extract: (path, bytes) => {
    if (!journals.has(path)) return extractDatabase(bytes);
    if (bytes.length === 0) return [];
    return [{ kind: 'unreadable', reason: 'The rpm database was copied while it was being written' }];
  },
};

function extractDatabase(bytes: Buffer): Found[] {
  if (bytes.length === 0) return [];
  const reading = new DatabaseReading();
  const { headers, complaints } = readDatabase(bytes);
  for (const complaint of complaints) reading.complain(complaint);
  for (const header of headers) readPackage(header, reading);
  return reading.found;
}

function readDatabase(bytes: Buffer): RpmDatabaseContent {
  if (isSqlite(bytes)) return collectHeaders(sqliteHeaders(bytes));
  if (isNdb(bytes)) return collectHeaders(ndbHeaders(bytes));
  if (isBerkeleyHash(bytes)) return collectHeaders(berkeleyHeaders(bytes));
  return { headers: [], complaints: ['An rpm database is of no known format'] };
}

function readPackage(bytes: Buffer, reading: DatabaseReading): void {
  const header = RpmHeader.parse(bytes);
  const name = header?.text(rpmTags.name);
  const version = header?.text(rpmTags.version);
  const release = header?.text(rpmTags.release);
  if (header === undefined || !name || !version || !release) {
    reading.complain('A record of the rpm database lacks its name, version or release');
    return;
  }
  // Keys that were imported stand among the packages and hold no files.
  if (name === 'gpg-pubkey') return;
  reading.add(foundPackage(header, { name, version, release }));
  addOwnedPaths(header, reading);
}

function foundPackage(
  header: RpmHeader,
  { name, version, release }: { readonly name: string; readonly version: string; readonly release: string },
): FoundPackage {
  const epoch = header.number(rpmTags.epoch) ?? 0;
  const prefix = epoch === 0 ? '' : `${epoch}:`;
  const source = rpmSourceOf(header.text(rpmTags.sourceRpm));
  const module = moduleOf(header.text(rpmTags.modularityLabel));
  const builtAtSeconds = header.number(rpmTags.buildTime) ?? 0;
  const full = `${prefix}${version}-${release}`;
  return {
    kind: 'package',
    manager: 'rpm',
    name: capText(name),
    version: capText(full),
    sourceName: capText(source?.name ?? name),
    // A source package has no epoch of its own: it is that of what is built from it.
    sourceVersion: capText(source === undefined ? full : `${prefix}${source.version}`),
    ...architectureOf(header.text(rpmTags.architecture)),
    ...declaredLicense(header.texts(rpmTags.license).slice(0, 1)),
    ...(builtAtSeconds > 0 && { builtAt: new Date(builtAtSeconds * 1000).toISOString() }),
    ...(module !== undefined && { module: capText(module) }),
  };
}

/** `nodejs:16:8060020220523:ad008a3a`: a module and its stream name what advisories are for. */
function moduleOf(label: string | undefined): string | undefined {
  const [name, stream] = label?.split(':') ?? [];
  return name && stream ? `${name}:${stream}` : undefined;
}

function addOwnedPaths(header: RpmHeader, reading: DatabaseReading): void {
  const folderNames = header.texts(rpmTags.folderNames);
  const folderIndexes = header.numbers(rpmTags.folderIndexes);
  for (const [index, name] of header.texts(rpmTags.fileNames).entries()) {
    const path = `${folderNames[folderIndexes[index] ?? -1] ?? ''}${name}`.replace(/^\/+/, '');
    if (isOwnershipOfInterest(path)) reading.add({ kind: 'owned-path', path });
  }
}
