import { describe, expect, it } from 'vitest';
import { buildTar, type FileTree } from '../../testing/samples/build-image.ts';
import { inventoryOf } from '../../testing/samples/inventory-of.ts';
import { supportDoubts } from './os/support-doubts.ts';

const now = new Date('2026-11-21T00:00:00Z');
const elf = Buffer.concat([Buffer.from('\u007fELF', 'latin1'), Buffer.alloc(64)]);

function debian(name: string, version: string, release: Readonly<Record<string, string>> = {}): FileTree {
  const said = {
    ID: 'debian',
    VERSION_ID: '"13"',
    PRETTY_NAME: '"Debian GNU/Linux 13 (trixie)"',
    ...release,
  };
  return {
    'etc/os-release': Object.entries(said)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
    'usr/bin/tool': elf,
    'var/lib/dpkg/status': `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n`,
  };
}

function alpine(name: string, version: string, release = 'ID=alpine'): FileTree {
  return {
    'etc/os-release': `${release}\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n`,
    'bin/busybox': elf,
    'lib/apk/db/installed': `P:${name}\nV:${version}\n\n`,
  };
}

const python = (name: string, version: string): FileTree => ({
  ...alpine('musl', '1.2.5-r10'),
  'usr/lib/python3.12/site-packages/x.dist-info/METADATA': `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
});

async function doubtsOf(tree: FileTree): Promise<readonly string[]> {
  const { doubts, distribution } = await inventoryOf([buildTar(tree)], now);
  return [...supportDoubts(distribution, now), ...doubts].map(({ code, message }) => `${code}: ${message}`);
}

// Forms as their builders document them: docker-hardened-images/advisories, docs.root.io, docs.tuxcare.com.
describe('packages that others build anew', () => {
  it.each([
    ['Docker', debian('python-3.13', '3.13.1-1dhi1')],
    ['Root', debian('rootio-curl', '8.14.1-2')],
    ['Root', debian('jq', '1.6-2.1.root.io.2')],
    ['Root', debian('openssl', '2.31-13+deb11u4.root.io')],
    ['Root', alpine('curl', '8.14.1-r10071')],
    ['Root', python('rootio_django', '4.2.1')],
    ['Root', python('django', '4.2.1+root.io.1')],
    ['Seal Security', alpine('seal-libcrypto3', '3.3.2-r453411')],
    ['TuxCare', debian('openssl', '1.1.1w-0+deb11u1+tuxcare.els3')],
  ])('of %s put the image in doubt', async (builder, tree) => {
    expect(await doubtsOf(tree)).toEqual([
      expect.stringMatching(`^rebuilt-packages: .* built by ${builder}: `),
    ]);
  });

  it.each([
    ['a revision of Alpine', alpine('curl', '8.14.1-r7')],
    ['a name that only begins like one', debian('rootskel', '1.135')],
    ['a name in a language', python('seal-client', '1.0')],
    ['Debian', debian('curl', '8.14.1-2+deb13u1')],
  ])('are not %s', async (_, tree) => {
    expect(await doubtsOf(tree)).toEqual([]);
  });

  it('are counted, by builder', async () => {
    const status = ['rootio-curl', 'rootio-jq', 'bash']
      .map((name) => `Package: ${name}\nStatus: install ok installed\nVersion: 1.0\n`)
      .join('\n');
    expect(await doubtsOf({ ...debian('x', '1'), 'var/lib/dpkg/status': status })).toEqual([
      'rebuilt-packages: rootio-curl and 1 more built by Root: no advisories for its builds are read',
    ]);
  });

  it.each([
    ['by ID', debian('curl', '8.14.1-2', { ID: 'dhi', ID_LIKE: 'debian' })],
    ['by ID, of Alpine', alpine('curl', '8.14.1-r2', 'ID=dhi\nID_LIKE=alpine')],
    ['by name only', debian('curl', '8.14.1-2', { PRETTY_NAME: '"Docker Hardened Images (Debian 13)"' })],
  ])('Docker Hardened Images are in doubt as a whole: %s', async (_, tree) => {
    expect(await doubtsOf(tree)).toEqual([expect.stringMatching('^unsupported-distribution: ')]);
  });
});
