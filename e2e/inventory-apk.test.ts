import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mustRun, sharedFolder } from './clients.ts';
import { inventoryOfArchive, linesOf, listed } from './folder-inventory.ts';

const shared = sharedFolder();
const images = join(shared ?? '', 'images/alpine');
const folder = mkdtempSync(join(tmpdir(), 'pratique-apk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function unpack(archive: string): Promise<string> {
  const root = join(folder, archive);
  mkdirSync(root);
  await mustRun('tar', ['-xzf', join(images, archive), '-C', root, '--exclude=./dev', '--no-same-owner']);
  return root;
}

const isHere = shared !== undefined && process.platform === 'linux' && process.arch === 'x64';

// The apk of Alpine 3.12.12 lists the packages of each, run by its own loader.
describe.skipIf(!isHere)('the inventory of Alpine beside apk info (needs ../shared)', () => {
  it.each([
    'alpine-rootfs-3.4.0-x86_64.tar.gz',
    'alpine-rootfs-3.6.2-x86_64.tar.gz',
    'alpine-minirootfs-3.6.5-x86_64.tar.gz',
    'alpine-minirootfs-3.10.9-x86_64.tar.gz',
    'alpine-minirootfs-3.12.12-aarch64.tar.gz',
    'alpine-minirootfs-3.12.12-x86_64.tar.gz',
  ])('%s', async (archive) => {
    const tool = join(folder, 'tool');
    mkdirSync(tool, { recursive: true });
    await mustRun('tar', [
      '-xzf',
      join(images, 'alpine-minirootfs-3.12.12-x86_64.tar.gz'),
      '-C',
      tool,
      './lib',
      './sbin',
    ]);
    const root = await unpack(archive);
    const apk = ['--library-path', join(tool, 'lib'), join(tool, 'sbin/apk'), '--root', root];
    const stdout = await mustRun(join(tool, 'lib/ld-musl-x86_64.so.1'), [...apk, 'info', '-v']);
    const expected = [...linesOf(stdout)].sort();
    const inventory = await inventoryOfArchive(join(images, archive));
    const ours = listed(inventory, 'Alpine').map((line) => line.split(' ').slice(0, 2).join('-'));
    expect(expected.length).toBeGreaterThan(10);
    expect([...ours].sort()).toEqual(expected);
  });
});
