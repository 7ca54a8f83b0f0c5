import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildTar, type FileTree } from '../../testing/samples/build-image.ts';
import { inventoryOf } from '../../testing/samples/inventory-of.ts';
import { sharedData } from '../../testing/shared-data.ts';
import type { Inventory } from './build-inventory.ts';
import { supportDoubts } from './os/support-doubts.ts';

const shared = sharedData();
const now = new Date('2026-11-21T00:00:00Z');
const elf = Buffer.concat([Buffer.from('\u007fELF', 'latin1'), Buffer.alloc(64)]);

function inventory(...trees: readonly FileTree[]): Promise<Inventory> {
  return inventoryOf(trees.map(buildTar), now);
}

function codes({ doubts, distribution }: Inventory, at = now): readonly string[] {
  return [...supportDoubts(distribution, at), ...doubts].map(({ code }) => code).sort();
}

function apkDatabase(...packages: readonly string[]): string {
  return packages.map((name) => `P:${name}\nV:1.0-r0\no:${name}-src\nt:1700000000\n\n`).join('');
}

const alpineRelease = 'ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n';
const alpine: FileTree = {
  'etc/os-release': alpineRelease,
  'bin/busybox': elf,
  'lib/apk/db/installed': apkDatabase('musl'),
};
const debian: FileTree = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  'usr/bin/bash': elf,
  'var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n',
};
const packageJson = (name: string, version: string) => JSON.stringify({ name, version });

describe('buildInventory()', () => {
  it('has no doubt of a whole image of a supported release', async () => {
    const found = await inventory(alpine);
    expect(found.doubts).toEqual([]);
    expect(found.distribution).toEqual({
      id: 'alpine',
      versionId: '3.22.1',
      prettyName: 'Alpine Linux v3.22',
      ecosystem: 'Alpine',
      release: 'v3.22',
      endOfLifeOn: '2027-05-01',
    });
    expect(found.packages).toEqual([
      {
        package: {
          ecosystem: 'Alpine',
          release: 'v3.22',
          name: 'musl',
          version: '1.0-r0',
          sourceName: 'musl-src',
          sourceVersion: '1.0-r0',
          module: '',
        },
        place: {
          layerDigest: 'sha256:0',
          layerIndex: 0,
          path: 'lib/apk/db/installed',
          createdBy: 'RUN step 0',
        },
        ownedByDistribution: false,
      },
    ]);
    expect(found.newestAt).toEqual(new Date(1_700_000_000_000));
  });

  it('places a package in the layer that installed it, not in the last that rewrote the database', async () => {
    const found = await inventory(
      alpine,
      { 'srv/readme': 'nothing installed' },
      { 'lib/apk/db/installed': apkDatabase('musl', 'curl') },
      { 'lib/apk/db/installed': apkDatabase('musl', 'curl', 'git') },
    );
    const places = found.packages.map((item) => [item.package.name, item.place.layerIndex]);
    expect(places).toEqual([
      ['musl', 0],
      ['curl', 2],
      ['git', 3],
    ]);
  });

  it('reads a database below a linked folder (merged /usr) once, in its own layer', async () => {
    const merged: FileTree = {
      'usr/lib/os-release': alpineRelease,
      'etc/os-release': { type: 'symlink', linkTarget: '../usr/lib/os-release' },
      lib: { type: 'symlink', linkTarget: 'usr/lib' },
      'usr/bin/busybox': elf,
      'usr/lib/apk/db/installed': apkDatabase('musl'),
    };
    const found = await inventory(merged, { 'usr/lib/apk/db/installed': apkDatabase('musl', 'curl') });
    expect(found.packages.map((item) => [item.package.name, item.place.layerIndex])).toEqual([
      ['musl', 0],
      ['curl', 1],
    ]);
    expect(found.doubts).toEqual([]);
  });

  it('lists a package that is installed for several architectures once, with all of them', async () => {
    const stanza = (version: string, architecture: string) =>
      `Package: libc6\nStatus: install ok installed\nVersion: ${version}\nArchitecture: ${architecture}\n\n`;
    const status = stanza('2.36-9', 'amd64') + stanza('2.36-9', 'i386') + stanza('2.37-1', 'i386');
    const { packages } = await inventory({ ...debian, 'var/lib/dpkg/status': status });
    expect(packages.map((item) => [item.package.version, item.architectures])).toEqual([
      ['2.36-9', ['amd64', 'i386']],
      ['2.37-1', ['i386']],
    ]);
    const many = Array.from({ length: 50 }, (_, index) => stanza('2.36-9', `a${index}`)).join('');
    const bounded = await inventory({ ...debian, 'var/lib/dpkg/status': many });
    expect(bounded.packages.map((item) => item.architectures?.length)).toEqual([16]);
  });

  it('lists what is left after an upper layer removed a package', async () => {
    const found = await inventory(
      { ...alpine, 'app/node_modules/left-pad/package.json': packageJson('left-pad', '1.0.0') },
      { 'app/node_modules/.wh.left-pad': '', 'lib/apk/db/installed': apkDatabase('zlib') },
    );
    expect(found.packages.map((item) => item.package.name)).toEqual(['zlib']);
  });

  it('reads a distroless image, which has a file per package', async () => {
    const found = await inventory({
      'etc/os-release': debian['etc/os-release'] ?? '',
      'usr/lib/os-release': debian['etc/os-release'] ?? '',
      'usr/lib/libc.so.6': elf,
      'var/lib/dpkg/status.d/libc6': 'Package: libc6\nVersion: 2.36-9+deb12u4\nSource: glibc\n',
      'var/lib/dpkg/status.d/libc6.md5sums': `${'0'.repeat(32)}  usr/lib/libc.so.6\n`,
    });
    expect(found.packages.map((item) => [item.package.sourceName, item.package.release])).toEqual([
      ['glibc', '12'],
    ]);
    expect(found.doubts).toEqual([]);
  });

  it('lists every place of an npm package', async () => {
    const found = await inventory({
      'app/node_modules/a/package.json': packageJson('a', '1.0.0'),
      'app/node_modules/b/node_modules/a/package.json': packageJson('a', '1.0.0'),
    });
    expect(found.packages.map(({ place }) => place.path)).toEqual([
      'app/node_modules/a/package.json',
      'app/node_modules/b/node_modules/a/package.json',
    ]);
    expect(found.packages[0]?.package).toMatchObject({ ecosystem: 'npm', release: '' });
  });

  it('leaves npm packages that apk or dpkg installed to the distribution, until a layer replaces them', async () => {
    const path = 'usr/lib/node_modules/npm/package.json';
    const database = `P:npm\nV:1-r0\nF:usr/lib/node_modules/npm\nR:package.json\n\n`;
    const base = { ...alpine, 'lib/apk/db/installed': database, [path]: packageJson('npm', '9.0.0') };
    const owned = async (...trees: readonly FileTree[]) => {
      const { packages } = await inventory(...trees);
      return packages
        .filter((item) => item.package.ecosystem === 'npm')
        .map((item) => item.ownedByDistribution);
    };
    expect(await owned(base)).toEqual([true]);
    const replaced = { [path]: packageJson('npm', '10.0.0') };
    expect(await owned(base, replaced)).toEqual([false]);
    expect(
      await owned(base, replaced, { 'lib/apk/db/installed': `${database}${apkDatabase('git')}` }),
    ).toEqual([false]);
    const list = {
      'var/lib/dpkg/info/npm.list': `/.\n/usr\n/${path}\n`,
      [path]: packageJson('npm', '9.0.0'),
    };
    expect(await owned({ ...debian, ...list })).toEqual([true]);
    expect(await owned({ ...alpine, 'app/node_modules/a/package.json': packageJson('a', '1.0.0') })).toEqual([
      false,
    ]);
  });

  it('knows its own files by either name where /bin is a link into /usr', async () => {
    const program = Buffer.concat([elf, Buffer.from('\0BusyBox v1.36.1 \0')]);
    const owned = async (tree: FileTree, ...more: readonly FileTree[]) => {
      const { packages } = await inventory(tree, ...more);
      return packages
        .filter((item) => item.package.ecosystem === 'generic')
        .map((item) => [item.place.path, item.ownedByDistribution]);
    };
    const list = { 'var/lib/dpkg/info/busybox.list': '/.\n/bin\n/bin/busybox\n' };
    const placed: FileTree = { ...debian, ...list, 'usr/bin/busybox': program };
    const link: FileTree = { bin: { type: 'symlink', linkTarget: 'usr/bin' } };
    expect(await owned({ ...link, ...placed })).toEqual([['usr/bin/busybox', true]]);
    expect(await owned(link, placed)).toEqual([['usr/bin/busybox', true]]);
    // Where it is none, these are two files.
    expect(await owned(placed)).toEqual([['usr/bin/busybox', false]]);
  });

  it('reads a distroless image of Azure Linux, which has a list of its packages', async () => {
    const line =
      'openssl\t1.1.1k-13.cm2\t1653816591\t1653753130\tMicrosoft\t(none)\t16396\tx86_64\t0\topenssl-1.1.1k-13.cm2.src.rpm\n';
    const found = await inventory({
      'etc/os-release': 'ID=mariner\nVERSION_ID="2.0"\nPRETTY_NAME="CBL-Mariner/Linux"\n',
      'usr/lib/libssl.so.1.1': elf,
      'var/lib/rpmmanifest/container-manifest-2': line,
    });
    expect(
      found.packages.map((item) => [item.package.ecosystem, item.package.release, item.package.name]),
    ).toEqual([['Azure Linux', '2', 'openssl']]);
    expect(codes(found)).toEqual(['end-of-life']);
  });

  it('reads Arch Linux, whose advisories are not', async () => {
    const found = await inventory({
      'etc/os-release': 'ID=arch\nPRETTY_NAME="Arch Linux"\nBUILD_ID=rolling\n',
      'usr/bin/bash': elf,
      'var/lib/pacman/local/ALPM_DB_VERSION': '9\n',
      'var/lib/pacman/local/bash-5.2.015-1/desc': '%NAME%\nbash\n\n%VERSION%\n5.2.015-1\n\n%BASE%\nbash\n\n',
    });
    expect(
      found.packages.map((item) => [item.package.ecosystem, item.package.name, item.package.version]),
    ).toEqual([['alpm', 'bash', '5.2.015-1']]);
    expect(codes(found)).toEqual(['unsupported-distribution']);
  });

  describe('doubts', () => {
    it('programs without a release file and without packages', async () => {
      expect(codes(await inventory({ 'bin/tool': elf }))).toEqual([
        'no-package-database',
        'unknown-distribution',
      ]);
    });

    it('nothing at all is nothing to doubt', async () => {
      expect(codes(await inventory({ 'data/readme': 'hello' }))).toEqual([]);
    });

    it('a release file that a layer removed', async () => {
      expect(codes(await inventory(alpine, { 'etc/.wh.os-release': '' }))).toEqual(['unknown-distribution']);
    });

    it('a package database that a layer removed or emptied, even with npm packages there', async () => {
      const npm = { 'app/node_modules/a/package.json': packageJson('a', '1.0.0') };
      expect(codes(await inventory(alpine, { 'lib/apk/db/.wh.installed': '', ...npm }))).toEqual([
        'no-package-database',
      ]);
      expect(codes(await inventory(debian, { 'var/lib/dpkg/status': '' }))).toEqual(['no-package-database']);
    });

    it('a distribution that is known by name only', async () => {
      const gentoo = {
        'etc/os-release': 'ID=gentoo\nVERSION_ID=2.17\nPRETTY_NAME="Gentoo 2.17"\n',
        'bin/sh': elf,
      };
      const found = await inventory(gentoo);
      expect(codes(found)).toEqual(['no-package-database', 'unsupported-distribution']);
      expect(found.distribution).toEqual({ id: 'gentoo', versionId: '2.17', prettyName: 'Gentoo 2.17' });
    });

    it('none of Ubuntu, whose packages are of its release as its advisories write it', async () => {
      const release = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"\n';
      const found = await inventory({ ...debian, 'etc/os-release': release });
      expect(codes(found)).toEqual([]);
      expect(found.packages[0]?.package).toMatchObject({
        ecosystem: 'Ubuntu',
        release: '24.04:LTS',
        name: 'bash',
      });
    });

    it('a derivative, whose packages are not taken for those of its parent', async () => {
      const found = await inventory({
        ...debian,
        'etc/os-release': 'ID=raspbian\nID_LIKE=debian\nVERSION_ID="12"\n',
      });
      expect(codes(found)).toEqual(['unsupported-distribution']);
      expect(found.packages[0]?.package).toMatchObject({ ecosystem: 'deb', release: '' });
    });

    it('the end of support, from the day after', async () => {
      const layer = buildTar(alpine);
      const found = await inventoryOf([layer], now);
      expect(codes(found, new Date('2027-05-01T23:59:59Z'))).toEqual([]);
      expect(codes(found, new Date('2027-05-02T00:00:00Z'))).toEqual(['end-of-life']);
      expect(found.doubts).toEqual([]);
    });

    it('release files of two releases, or a database of another manager', async () => {
      expect(codes(await inventory({ ...alpine, 'etc/alpine-release': '3.4.0\n' }))).toEqual([
        'unknown-distribution',
      ]);
      const masked = await inventory({ ...alpine, 'etc/os-release': debian['etc/os-release'] ?? '' });
      expect(codes(masked)).toEqual(['no-package-database', 'unknown-distribution']);
    });

    it('a record that makes no sense, beside which the others are still read', async () => {
      const found = await inventory({
        ...alpine,
        'lib/apk/db/installed': `P:broken\n\n${apkDatabase('musl')}`,
      });
      expect(codes(found)).toEqual(['unreadable-file']);
      expect(found.packages.map((item) => item.package.name)).toEqual(['musl']);
    });
  });

  it('does not believe a build time in the future', async () => {
    const database = 'P:a\nV:1-r0\nt:1700000000\n\nP:b\nV:1-r0\nt:9999999999\n\n';
    const found = await inventory({ ...alpine, 'lib/apk/db/installed': database });
    expect(found.newestAt).toEqual(new Date(1_700_000_000_000));
  });
});

// Skipped without the shared data.
describe.skipIf(shared === undefined)('the inventory of real root file systems', () => {
  const images = [
    ['3.4.0', 'alpine-rootfs-3.4.0-x86_64', ['end-of-life']],
    ['3.6.2', 'alpine-rootfs-3.6.2-x86_64', ['end-of-life']],
    ['3.6.5', 'alpine-minirootfs-3.6.5-x86_64', ['end-of-life']],
    ['3.10.9', 'alpine-minirootfs-3.10.9-x86_64', ['end-of-life']],
    ['3.12.12', 'alpine-minirootfs-3.12.12-x86_64', ['end-of-life']],
    ['3.12.12', 'alpine-minirootfs-3.12.12-aarch64', ['end-of-life']],
  ] as const;

  function readImage(path: string): Promise<Inventory> {
    return inventoryOf([readFileSync(join(shared ?? '', 'images', path))], now);
  }

  it.each(images)('of Alpine %s (%s) is what its list says', async (version, file, doubts) => {
    const found = await readImage(`alpine/${file}.tar.gz`);
    const [, ...rows] = readFileSync(join(shared ?? '', `images/alpine/${file}.packages.tsv`), 'utf8')
      .trim()
      .split('\n');
    const listed = rows
      .map((row) => row.split('\t'))
      .map(([name, installed, , origin]) => [name, installed, origin]);
    const byName = (a: readonly (string | undefined)[], b: readonly (string | undefined)[]) =>
      String(a[0]) < String(b[0]) ? -1 : 1;
    expect(
      found.packages
        .filter((item) => item.package.ecosystem === 'Alpine')
        .map((item) => [item.package.name, item.package.version, item.package.sourceName])
        .sort(byName),
    ).toEqual(listed.sort(byName));
    expect(found.distribution).toMatchObject({ id: 'alpine', versionId: version, ecosystem: 'Alpine' });
    expect(codes(found)).toEqual(doubts);
    // Programs that are known by what is written in them are apk's own here.
    const others = found.packages.filter((item) => item.package.ecosystem !== 'Alpine');
    expect(others.map((item) => [item.package.name, item.ownedByDistribution])).toContainEqual([
      'busybox',
      true,
    ]);
    expect(others.filter((item) => !item.ownedByDistribution)).toEqual([]);
  });

  it('of busybox, which has neither packages nor a release file, is in doubt', async () => {
    const found = await readImage('busybox/busybox-glibc-amd64-rootfs.tar.gz');
    expect(found.packages).toEqual([]);
    expect(codes(found)).toEqual(['no-package-database', 'unknown-distribution']);
  });
});
