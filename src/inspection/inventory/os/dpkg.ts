import { capText } from '../cap-text.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { isOwnershipOfInterest } from '../owned-paths.ts';
import { architectureOf } from './_architecture.ts';
import { DatabaseReading, linesOf } from './_database-reading.ts';

const statusPath = 'var/lib/dpkg/status';
/** One file per package, as distroless images and Bazel's rules write them. */
const statusFolder = 'var/lib/dpkg/status.d/';
const infoFolder = 'var/lib/dpkg/info/';
const otherControlFile =
  /\.(?:list|conffiles|preinst|postinst|prerm|postrm|triggers|shlibs|symbols|templates)$/;

/** Packages of dpkg: `status` and `status.d`, in the format of deb822(5); what they own from `info/*.list` and `*.md5sums`. */
export const dpkgExtractor: Extractor = {
  knownPaths: [statusPath],
  wants: (path) => isStatus(path) || isFileList(path),
  extract: (path, bytes) => {
    const text = bytes.toString('utf8');
    return isFileList(path) ? extractOwned(text) : extractStanzas(text);
  },
};

function isStatus(path: string): boolean {
  return path === statusPath || (isDirectChild(path, statusFolder) && !otherControlFile.test(path));
}

function isFileList(path: string): boolean {
  if (isDirectChild(path, infoFolder)) return path.endsWith('.list');
  return isDirectChild(path, statusFolder) && path.endsWith('.md5sums');
}

function isDirectChild(path: string, folder: string): boolean {
  return path.startsWith(folder) && path.length > folder.length && !path.includes('/', folder.length);
}

/** A line is `/usr/bin/x` in a list and `<md5>  usr/bin/x` in md5sums. */
function extractOwned(text: string): Found[] {
  const reading = new DatabaseReading();
  for (const line of linesOf(text)) {
    const path = line.replace(/^[0-9a-f]{32} [ *]/, '').replace(/^(?:\.?\/)+/, '');
    if (path !== '' && isOwnershipOfInterest(path)) reading.add({ kind: 'owned-path', path });
  }
  return reading.found;
}

function extractStanzas(text: string): Found[] {
  const reading = new DatabaseReading();
  let fields = new Map<string, string>();
  for (const line of linesOf(text)) {
    if (line.trim() === '') {
      closeStanza(fields, reading);
      fields = new Map();
    } else if (!line.startsWith(' ') && !line.startsWith('\t')) {
      const colon = line.indexOf(':');
      // Field names are not case-sensitive (deb822(5)).
      if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      else reading.complain('A line of the dpkg database is not "<field>: <value>"');
    }
  }
  closeStanza(fields, reading);
  return reading.found;
}

function closeStanza(fields: ReadonlyMap<string, string>, reading: DatabaseReading): void {
  if (fields.size === 0 || !isPresent(fields.get('status'))) return;
  const name = fields.get('package');
  const version = fields.get('version');
  if (!name || !version) {
    reading.complain('A record of the dpkg database lacks its name or version');
    return;
  }
  const source = sourceOf(fields.get('source'));
  reading.add({
    kind: 'package',
    manager: 'dpkg',
    name: capText(name),
    version: capText(version),
    sourceName: capText(source.name ?? name),
    sourceVersion: capText(source.version ?? version),
    ...architectureOf(fields.get('architecture')),
  });
}

/**
 * Whether files of the package are there. The third word of Status is its state (dpkg(1)): half-installed, unpacked and
 * half-configured packages have their files in place and count; `status.d` files may have no Status at all.
 */
function isPresent(status: string | undefined): boolean {
  const state = status?.split(/\s+/)[2];
  return state !== 'not-installed' && state !== 'config-files';
}

/** `Source: openssl (3.0.2-1)`: the version is there when it differs from the binary package's. */
function sourceOf(source: string | undefined): { readonly name?: string; readonly version?: string } {
  const [name, version] = source?.split(/\s+/) ?? [];
  if (!name) return {};
  return version?.startsWith('(') && version.endsWith(')')
    ? { name, version: version.slice(1, -1) }
    : { name };
}
