import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Package } from '../../report/package.ts';
import { buildTar, type FileTree, type TreeMember } from '../../testing/samples/build-image.ts';
import { buildElf, goBuildInfo } from '../../testing/samples/build-program.ts';
import { rawTar } from '../../testing/samples/raw-tar.ts';
import { sparseFormats, sparseMember } from '../../testing/samples/sparse-tar.ts';
import { inspectLayer } from '../image/inspect-layer.ts';
import { mergeLayers } from '../image/merge-layers.ts';
import { buildInventory } from './build-inventory.ts';
import type { Found } from './found.ts';
import { inventoryProbe } from './layer-probe.ts';
import { supportDoubts } from './os/support-doubts.ts';

const elf = Buffer.concat([Buffer.from('\u007fELF', 'latin1'), Buffer.alloc(64)]);
const database = 'P:vulnerable\nV:1.0-r0\n\n';
const other = 'P:harmless\nV:1.0-r0\n\n';
const path = 'lib/apk/db/installed';
const os = 'ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n';
const base: FileTree = { 'etc/os-release': os, 'bin/busybox': elf, [path]: database };
/** The base without its database. */
const bare: FileTree = { 'etc/os-release': os, 'bin/busybox': elf };
const symlink = (linkTarget: string): TreeMember => ({ type: 'symlink', linkTarget });
const hardlink = (linkTarget: string): TreeMember => ({ type: 'hardlink', linkTarget });
const packed = Buffer.concat([elf, Buffer.from('UPX!'), Buffer.alloc(64), Buffer.from('UPX!')]);

/** What an image of these layers looks like: the package is found, or there is a reason to doubt that nothing was. */
async function verdictOn(
  layers: readonly Buffer[],
  ecosystem = 'Alpine',
): Promise<'found' | 'doubted' | 'clean'> {
  const reports = [];
  for (const bytes of layers) {
    reports.push(
      await inspectLayer<Found>({ open: async () => Readable.from([bytes]), probe: inventoryProbe }),
    );
  }
  const view = mergeLayers(reports, { knownPaths: inventoryProbe.knownPaths ?? [] });
  const described = layers.map((_, index) => ({ digest: `sha256:${index}` }));
  const now = new Date('2026-11-21T00:00:00Z');
  const { packages, doubts, distribution } = buildInventory({ view, layers: described, reports, now });
  const isVulnerable = (item: Package): boolean => item.name === 'vulnerable' && item.ecosystem === ecosystem;
  if (packages.some((item) => isVulnerable(item.package))) return 'found';
  const isDoubted = [...doubts, ...supportDoubts(distribution, now)].length > 0;
  return isDoubted || view.incomplete.length > 0 ? 'doubted' : 'clean';
}

describe('packages that an image hides (threats.md D6)', () => {
  const tricks: [trick: string, ...layers: FileTree[]][] = [
    ['nothing is hidden', base],
    ['database is a hard link', { ...bare, 'opt/x': database, [path]: hardlink('opt/x') }],
    ['database is a link', { ...bare, 'opt/x': database, [path]: symlink('../../../opt/x') }],
    ['database is an absolute link', { ...bare, 'opt/x': database, [path]: symlink('/opt/x') }],
    ['database is a link into a lower layer', { ...bare, 'opt/x': database }, { [path]: symlink('/opt/x') }],
    [
      'database is a chain of links',
      { ...bare, a: symlink('b'), b: symlink('c'), c: database, [path]: symlink('/a') },
    ],
    [
      'database is a link that climbs above the root',
      { ...bare, x: database, [path]: symlink('../../../../../x') },
    ],
    ['database is a link to itself', { ...bare, [path]: symlink('installed') }],
    ['links in a loop', { ...bare, lib: symlink('lib2'), lib2: symlink('lib') }],
    ['links in a loop of two layers', { ...bare, lib: symlink('lib2') }, { lib2: symlink('lib') }],
    ['folder is a link', { ...bare, 'opt/apk/db/installed': database, 'lib/apk': symlink('/opt/apk') }],
    [
      'folder is a link into a lower layer',
      { ...bare, 'opt/apk/db/installed': database },
      { 'lib/apk': symlink('/opt/apk') },
    ],
    [
      'written through a link of a lower layer',
      { ...bare, x: symlink('lib') },
      { 'x/apk/db/installed': database },
    ],
    ['written through a link to the root', { ...bare, x: symlink('/') }, { [`x/${path}`]: database }],
    ['path with dots', { ...bare, [`./opt/../${path}`]: database }],
    ['absolute path', { ...bare, [`/${path}`]: database }],
    ['path with doubled slashes', { ...bare, 'lib//apk/db/installed': database }],
    ['whiteout of the database', base, { 'lib/apk/db/.wh.installed': '' }],
    ['whiteout, then back again', base, { 'lib/apk/db/.wh.installed': '' }, { [path]: database }],
    ['whiteout of what the same layer brings', { ...bare, 'lib/apk/db/.wh.installed': '', [path]: database }],
    ['opaque folder', base, { 'lib/apk/db/.wh..wh..opq': '' }],
    ['opaque root', base, { '.wh..wh..opq': '', 'etc/os-release': os, 'bin/busybox': elf }],
    ['folder replaced by a file', base, { 'lib/apk': 'x' }],
    ['folder replaced by a link', base, { 'lib/apk': symlink('/srv') }],
    ['database emptied', base, { [path]: '' }],
    ['database of rubbish', base, { [path]: 'x'.repeat(100) }],
    ['database is a folder', base, { [`${path}/`]: '' }],
    ['database above the parser’s limit', bare, { [path]: `${database}${'#:\n'.repeat(12 * 2 ** 20)}` }],
    ['release file removed', { ...base, [path]: '' }, { 'etc/.wh.os-release': '' }],
    ['release of another distribution', { ...base, 'etc/os-release': 'ID=debian\nVERSION_ID="13"\n' }],
    [
      'release that no longer is supported',
      { ...base, [path]: other, 'etc/os-release': os.replaceAll('3.22', '3.4') },
    ],
    ['release of no known distribution', { ...base, 'etc/os-release': 'ID=nothing\nVERSION_ID=1\n' }],
    ['release files that disagree', { ...base, [path]: other, 'etc/alpine-release': '3.4.0\n' }],
    ['database under another path', { ...bare, 'opt/apk/db/installed': database }],
    ['database in another case', { ...bare, 'lib/apk/db/Installed': database }],
    ['program packed by UPX', { ...base, [path]: other, 'usr/bin/tool': packed }],
    ['programs and nothing else', { 'usr/bin/tool': elf }],
  ];

  it('are tried by 30 tricks at least', () => {
    expect(tricks.length).toBeGreaterThan(30);
  });

  it.each(tricks)('%s', async (...[, ...layers]) => {
    expect(await verdictOn(layers.map((layer) => buildTar(layer)))).not.toBe('clean');
  });

  const npm = '{"name":"vulnerable","version":"1.0.0"}';
  const wheel = 'Metadata-Version: 2.1\nName: vulnerable\nVersion: 1.0.0\n';
  const gem = 'Gem::Specification.new do |s|\n  s.name = "vulnerable".freeze\n  s.version = "1.0.0"\nend\n';
  const composer = '{"packages":[{"name":"vulnerable","version":"1.0.0"}]}';
  const described = 'Package: vulnerable\nVersion: 1.0.0\nBuilt: R 4.3.0; ; x; unix\n';
  const goTool = buildElf({ '.go.buildinfo': goBuildInfo('go1.21.3', 'dep\tvulnerable\tv1.0.0\n') });
  const linkedFolders: [ecosystem: string, link: string, folder: string, tree: FileTree, isFound: boolean][] =
    [
      ['npm', 'app/node_modules/vulnerable', 'opt/x', { 'package.json': npm }, true],
      ['npm', 'app/node_modules', 'opt/x', { 'vulnerable/package.json': npm }, true],
      ['npm', 'app/node_modules/x', 'a/node_modules/b/dist', { 'package.json': npm }, true],
      ['npm', 'app/node_modules/@x', 'a/node_modules/b/dist', { 'c/package.json': npm }, false],
      ['npm', 'app/node_modules', 'a/node_modules/b/dist', { 'c/package.json': npm }, false],
      ['PyPI', 'usr/lib/python3/a.dist-info', 'opt/z', { METADATA: wheel }, true],
      ['PyPI', 'usr/lib/python3/a.egg-info', 'opt/z', { 'PKG-INFO': wheel }, true],
      ['PyPI', 'usr/lib/python3/a.egg', 'opt/z', { 'EGG-INFO/PKG-INFO': wheel }, true],
      ['PyPI', 'usr/lib/python3', 'opt/z', { 'a.dist-info/METADATA': wheel }, true],
      ['RubyGems', 'usr/lib/gems/3.1.0/specifications', 'opt/s', { 'vulnerable-1.gemspec': gem }, false],
      ['Packagist', 'app/vendor/composer', 'opt/c', { 'installed.json': composer }, true],
      ['Packagist', 'app/vendor', 'opt/c', { 'composer/installed.json': composer }, true],
      ['CRAN', 'usr/lib/R/library', 'opt/r', { 'vulnerable/DESCRIPTION': described }, true],
      ['Go', 'usr/local/bin', 'opt/go', { tool: goTool }, true],
    ];

  it.each(linkedFolders)('%s: "%s" is a link to "%s"', async (ecosystem, link, folder, tree, isFound) => {
    const files = Object.fromEntries(Object.entries(tree).map(([name, file]) => [`${folder}/${name}`, file]));
    const lower = { ...base, [path]: other };
    const hidden = { [link]: symlink(`/${folder}`) };
    const oneLayer = await verdictOn([buildTar({ ...lower, ...files, ...hidden })], ecosystem);
    expect(oneLayer).toBe(isFound ? 'found' : 'doubted');
    const twoLayers = [{ ...lower, ...files }, hidden].map((layer) => buildTar(layer));
    expect(await verdictOn(twoLayers, ecosystem)).not.toBe('clean');
  });

  it.each([
    ['x/DESCRIPTION'],
    ['app/package.json'],
    ['app/node_modules/x/package.json'],
    ['app/Cargo.lock'],
    ['app/x.jar'],
  ])('a program that is called "%s", as what is read for its name', async (name) => {
    expect(await verdictOn([buildTar({ ...base, [path]: other, [name]: goTool })], 'Go')).toBe('found');
  });

  it('a link that an upper layer takes away is no reason to doubt', async () => {
    const lower = { ...base, [path]: other, 'opt/z/METADATA': wheel };
    const layers = [lower, { 'usr/lib/a.dist-info': symlink('/opt/z') }, { 'usr/lib/.wh.a.dist-info': '' }];
    expect(await verdictOn(layers.map((layer) => buildTar(layer)))).toBe('clean');
  });

  it('links between packages where their managers put them are no reason to doubt', async () => {
    const linked = {
      ...base,
      [path]: other,
      'app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}',
      'app/node_modules/a': symlink('.pnpm/a@1.0.0/node_modules/a'),
      'app/packages/own/package.json': '{"name":"own","version":"1.0.0"}',
      'app/node_modules/own': symlink('../packages/own'),
      'app/node_modules/.bin/a': symlink('../a/cli.js'),
      'opt/app/node_modules': symlink('/app/node_modules'),
      'usr/bin/composer': symlink('/opt/composer.phar'),
      'usr/lib/python3/x.egg': symlink('/nowhere'),
    };
    expect(await verdictOn([buildTar(linked)])).toBe('clean');
  });

  it('a layer that ends too early, and one that names the database twice', async () => {
    const tar = buildTar(base);
    expect(await verdictOn([tar.subarray(0, 1200)])).not.toBe('clean');
    // The last one counts, as when it is unpacked.
    const [once, again] = [buildTar({ ...base, [path]: other }), buildTar({ [path]: database })];
    expect(await verdictOn([Buffer.concat([once.subarray(0, -1024), again])])).not.toBe('clean');
  });

  it.each(sparseFormats)('a program and a database with holes, as %s', async (format) => {
    const program = buildElf({ '.go.buildinfo': goBuildInfo('go1.21.3', 'dep\tvulnerable\tv1.0.0\n') });
    const holed = (name: string, bytes: Buffer): Buffer => {
      const [begin, end] = [bytes.subarray(0, 64), bytes.subarray(64)].map((part) => part.toString('latin1'));
      return sparseMember(format, name, {
        sizeBytes: bytes.length + 100_000,
        parts: [
          [0, begin ?? ''],
          [64, end ?? ''],
        ],
      });
    };
    const clean = buildTar({ ...base, [path]: other });
    const tool = rawTar(holed('usr/bin/tool', program));
    expect(await verdictOn([clean, tool], 'Go')).toBe('found');
    expect(await verdictOn([buildTar(bare), rawTar(holed(path, Buffer.from(database)))])).toBe('found');
  });

  it('an image that hides nothing is clean', async () => {
    expect(await verdictOn([buildTar({ ...base, [path]: other })])).toBe('clean');
  });
});
