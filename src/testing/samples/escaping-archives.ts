import { buildTar, type FileTree } from './build-image.ts';
import { paxRecord, type RawTarBlock, rawTar, rawTarBlock } from './raw-tar.ts';

const secretOutside = 'etc/passwd';
const symlink = (linkTarget: string) => ({ type: 'symlink', linkTarget }) as const;
const hardlink = (linkTarget: string) => ({ type: 'hardlink', linkTarget }) as const;
const raw = (...blocks: readonly RawTarBlock[]) => rawTar(...blocks.map(rawTarBlock));
const tree = (files: FileTree) => buildTar(files);
const device = (typeFlag: string, name: string) =>
  raw({ typeFlag, name, patches: { 329: '0000001\0', 337: '0000003\0' } });
const longName = (name: string, typeFlag = 'L') =>
  rawTarBlock({ typeFlag, name: '././@LongLink', body: `${name}\0` });
const pax = (...records: readonly string[]) => rawTarBlock({ typeFlag: 'x', body: records.join('') });

/**
 * Archives that would write, link or look outside the folder they are unpacked in (threats.md D1, the lists of GHSA-83g3,
 * CVE-2021-3762, CVE-2024-24579, CVE-2026-50162 and node-tar's), each with whether the reader refuses it (`ambiguous`, a
 * limit) or reads it as a file of the image that lies nowhere else. What is wanted of each is the path `db/status`.
 */
export const escapingArchives: readonly (readonly [
  trick: string,
  outcome: 'refused' | 'confined',
  archive: Buffer,
])[] = [
  ['"../" in front', 'refused', raw({ name: '../canary', body: 'x' })],
  ['"../" many times', 'refused', raw({ name: `${'../'.repeat(20)}tmp/canary`, body: 'x' })],
  ['"../" inside', 'refused', raw({ name: 'a/../../canary', body: 'x' })],
  ['"/.." at the end', 'refused', raw({ name: 'a/..', typeFlag: '5' })],
  ['".." alone', 'refused', raw({ name: '..', typeFlag: '5' })],
  ['"../../"', 'refused', raw({ name: './../canary', body: 'x' })],
  ['"../../"', 'refused', raw({ name: '..//canary', body: 'x' })],
  [
    '"../" in the prefix of ustar',
    'refused',
    raw({ name: 'canary', patches: { 345: '../../..' }, body: 'x' }),
  ],
  ['"../" in a GNU name', 'refused', rawTar(longName('../canary'), rawTarBlock({ body: 'x' }))],
  ['"../" in a PAX path', 'refused', rawTar(pax(paxRecord('path', '../canary')), rawTarBlock({ body: 'x' }))],
  ['an absolute name', 'confined', raw({ name: '/etc/canary', body: 'x' })],
  [
    'an absolute PAX path',
    'confined',
    rawTar(pax(paxRecord('path', '/etc/canary')), rawTarBlock({ body: 'x' })),
  ],
  ['two slashes in front', 'confined', raw({ name: '//etc/canary', body: 'x' })],
  ['backslashes', 'confined', raw({ name: '..\\..\\canary', body: 'x' })],
  ['a drive', 'confined', raw({ name: 'C:\\canary', body: 'x' })],
  ['a NUL in a PAX path', 'refused', rawTar(pax(paxRecord('path', 'a\0../canary')), rawTarBlock({}))],
  ['a path of 8 KiB', 'refused', rawTar(longName(`${'d/'.repeat(4096)}canary`), rawTarBlock({ body: 'x' }))],
  ['a link to the root', 'confined', tree({ root: symlink('/'), 'root/tmp/canary': 'x' })],
  ['a link above the root', 'confined', tree({ up: symlink('../../../..'), 'up/tmp/canary': 'x' })],
  [
    'a link that is wanted, to a file of the host',
    'confined',
    tree({ 'db/status': symlink(`/${secretOutside}`) }),
  ],
  [
    'a link that is wanted, to a file of the host, by climbing',
    'confined',
    tree({ 'db/status': symlink(`../../../../../../${secretOutside}`) }),
  ],
  ['a link to /proc', 'confined', tree({ 'db/status': symlink('/proc/self/environ') })],
  ['a link over which a file is written', 'confined', tree({ x: symlink('/tmp/canary'), 'x ': 'y' })],
  ['a file below a link', 'confined', tree({ a: symlink('/tmp'), 'a/canary': 'x' })],
  ['a hard link to a file of the host', 'refused', tree({ 'db/status': hardlink(`/${secretOutside}`) })],
  [
    'a hard link that climbs',
    'refused',
    raw({ name: 'db/status', typeFlag: '1', linkName: '../../etc/passwd' }),
  ],
  [
    'a hard link through two links',
    'refused',
    tree({ a: symlink('b'), b: symlink('/etc'), 'db/status': hardlink('a/passwd') }),
  ],
  [
    'links that climb one folder each',
    'confined',
    tree({
      'a/b/c/up': symlink('..'),
      'a/b/up': symlink('c/up/..'),
      'a/up': symlink('b/up/..'),
      'db/status': symlink('/a/up/../../etc/passwd'),
    }),
  ],
  ['a loop of links', 'refused', tree({ db: symlink('x'), x: symlink('db') })],
  [
    'a chain of 60 links',
    'refused',
    tree({
      ...Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`l${at}`, symlink(`l${at + 1}`)])),
      'db/status': symlink('/l0'),
    }),
  ],
  ['a character device', 'confined', device('3', 'dev/mem')],
  ['a block device', 'confined', device('4', 'dev/sda')],
  ['a FIFO', 'confined', device('6', 'dev/fifo')],
  [
    'a wanted file that is a device',
    'refused',
    rawTar(
      rawTarBlock({ typeFlag: '3', name: 'dev/mem' }),
      rawTarBlock({ typeFlag: '2', name: 'db/status', linkName: '/dev/mem' }),
    ),
  ],
  ['a program with setuid', 'confined', raw({ name: 'bin/su', body: 'x', patches: { 100: '0004755\0' } })],
  [
    'a link name of 8 KiB',
    'refused',
    rawTar(longName('x/'.repeat(4096), 'K'), rawTarBlock({ typeFlag: '2' })),
  ],
  ['a name with a newline', 'confined', raw({ name: 'a\n../canary', body: 'x' })],
];
