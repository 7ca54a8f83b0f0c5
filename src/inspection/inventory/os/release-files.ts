import { capText } from '../cap-text.ts';
import type { Extractor } from '../extractor.ts';
import type { Found, FoundRelease } from '../found.ts';

/** Files whose first line is `<name> release <version> (<code name>)`, and what SUSE, Photon and Mariner make of that. */
const systemReleaseNames = [
  'almalinux-release',
  'centos-release',
  'fedora-release',
  'mariner-release',
  'openEuler-release',
  'oracle-release',
  'photon-release',
  'redhat-release',
  'rocky-release',
  'SuSE-release',
  'system-release',
];

const sources: Readonly<Record<string, FoundRelease['source']>> = {
  'etc/os-release': 'os-release',
  'usr/lib/os-release': 'os-release',
  'etc/lsb-release': 'lsb-release',
  'etc/alpine-release': 'alpine-release',
  'etc/debian_version': 'debian-version',
  // `etc` often has a link to the one in `usr/lib`.
  ...Object.fromEntries(
    systemReleaseNames.flatMap((name) => [
      [`etc/${name}`, 'system-release'],
      [`usr/lib/${name}`, 'system-release'],
    ]),
  ),
};

/** `ID` of os-release by how the older files begin, the longer names first. */
const idsByName: readonly (readonly [name: string, id: string])[] = [
  ['Red Hat Enterprise Linux', 'rhel'],
  ['CentOS', 'centos'],
  ['Rocky Linux', 'rocky'],
  ['AlmaLinux', 'almalinux'],
  ['Oracle Linux', 'ol'],
  ['Amazon Linux', 'amzn'],
  ['Fedora', 'fedora'],
  ['SUSE Linux Enterprise Server', 'sles'],
  ['SUSE Linux Enterprise Desktop', 'sled'],
  ['openSUSE Leap', 'opensuse-leap'],
  ['openSUSE Tumbleweed', 'opensuse-tumbleweed'],
  ['openSUSE', 'opensuse'],
  ['VMware Photon', 'photon'],
  ['CBL-Mariner', 'mariner'],
  ['Ubuntu', 'ubuntu'],
  ['Debian', 'debian'],
  ['Arch', 'arch'],
  ['openEuler', 'openeuler'],
];

/** Files by which a distribution names itself: os-release(5), and the older ones. */
export const releaseFileExtractor: Extractor = {
  knownPaths: Object.keys(sources),
  wants: (path) => Object.hasOwn(sources, path),
  extract: (path, bytes) => {
    const source = sources[path];
    return source === undefined ? [] : readRelease(source, bytes.toString('utf8'));
  },
};

function readRelease(source: FoundRelease['source'], text: string): Found[] {
  switch (source) {
    case 'os-release':
      return readOsRelease(text);
    case 'lsb-release':
      return readLsbRelease(text);
    case 'system-release':
      return readSystemRelease(text);
    case 'alpine-release':
      return readVersion(source, text, ['alpine', 'Alpine Linux']);
    case 'debian-version':
      return readVersion(source, text, ['debian', 'Debian']);
  }
}

function readVersion(
  source: FoundRelease['source'],
  text: string,
  [id, name]: readonly [id: string, name: string],
): Found[] {
  const versionId = capText(firstLine(text));
  if (versionId === '') return [];
  return [{ kind: 'release', source, id, versionId, prettyName: `${name} ${versionId}` }];
}

function readOsRelease(text: string): Found[] {
  const fields = readAssignments(text);
  const id = fields.get('ID')?.toLowerCase() ?? '';
  if (id === '') return [];
  const versionId = fields.get('VERSION_ID') ?? '';
  const prettyName = fields.get('PRETTY_NAME') || `${fields.get('NAME') || id} ${versionId}`.trim();
  return [{ kind: 'release', source: 'os-release', id, versionId, prettyName }];
}

function readLsbRelease(text: string): Found[] {
  const fields = readAssignments(text);
  const name = fields.get('DISTRIB_ID') ?? '';
  const id = idOfName(name);
  if (id === undefined) return [];
  const versionId = fields.get('DISTRIB_RELEASE') ?? '';
  const prettyName = fields.get('DISTRIB_DESCRIPTION') || `${name} ${versionId}`.trim();
  return [{ kind: 'release', source: 'lsb-release', id, versionId, prettyName }];
}

/** `CentOS Linux release 7.9.2009 (Core)`; SUSE has the service pack in a line of its own. */
function readSystemRelease(text: string): Found[] {
  const prettyName = capText(firstLine(text));
  const id = idOfName(prettyName);
  if (id === undefined) return [];
  const [, version = ''] = /\s(\d[\w.]{0,40})/.exec(prettyName) ?? [];
  const [, servicePack] = /^PATCHLEVEL\s?=\s?(\d{1,3})\s*$/m.exec(text.slice(0, 1024)) ?? [];
  const hasPack = servicePack !== undefined && servicePack !== '0' && !version.includes('.');
  const versionId = hasPack ? `${version}.${servicePack}` : version;
  return [{ kind: 'release', source: 'system-release', id, versionId, prettyName }];
}

function idOfName(text: string): string | undefined {
  return idsByName.find(([name]) => text.startsWith(name))?.[1];
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.trim() ?? '';
}

/** Assignments of the shell, as os-release(5) has them. */
function readAssignments(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) fields.set(key, capText(unquote(value.trim())));
  }
  return fields;
}

/** Values follow the shell's quoting, without expansion (os-release(5)). */
function unquote(value: string): string {
  const [, quote, inner = ''] = /^(["'])(.*)\1$/.exec(value) ?? [];
  if (quote === undefined) return value;
  return quote === '"' ? inner.replace(/\\(["$`\\])/g, '$1') : inner;
}
