import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildLayer, buildTar, type FileTree } from '../../testing/samples/build-image.ts';
import { rawTar, rawTarBlock } from '../../testing/samples/raw-tar.ts';
import { sparseMember } from '../../testing/samples/sparse-tar.ts';
import { textProbe } from '../../testing/samples/text-probe.ts';
import { sharedData } from '../../testing/shared-data.ts';
import { defaultInspectLimits, inspectLayer } from './inspect-layer.ts';

function inspectBytes(bytes: Buffer) {
  return inspectLayer({ open: async () => Readable.from([bytes]), probe: textProbe });
}

function inspect(tree: FileTree) {
  return inspectBytes(buildLayer(tree).bytes);
}

const elf = Buffer.concat([Buffer.from('7f454c4602010100', 'hex'), Buffer.alloc(100)]);

describe('inspectLayer()', () => {
  it.each(['none', 'gzip', 'zstd'] as const)(
    'reports what a layer holds, compression %s',
    async (compression) => {
      const layer = buildLayer(
        {
          'db/': '',
          'db/status': 'a 1',
          'opt/want.txt': '',
          'opt/.wh.gone': '',
          'srv/.wh..wh..opq': '',
          'bin/sh': elf,
          'bin/java.class': Buffer.from('cafebabe00000034ffff', 'hex'),
          lib: { type: 'symlink', linkTarget: 'usr/lib', modifiedAtMs: Date.UTC(2026, 0, 2) },
        },
        compression,
      );
      const report = await inspectBytes(layer.bytes);
      expect(report).toMatchObject({
        diffId: layer.diffId,
        files: [
          { path: 'db/status', found: ['a 1'] },
          { path: 'opt/want.txt', found: [] },
        ],
        whiteouts: ['opt/gone'],
        opaqueDirectories: ['srv'],
        links: { lib: 'usr/lib' },
        entryCount: 8,
        executableCount: 1,
        newestEntryAt: '2026-01-02T00:00:00.000Z',
      });
      expect(report).not.toHaveProperty('incomplete');
    },
  );

  it('takes the last of two members with one path', async () => {
    const bytes = rawTar(
      rawTarBlock({ name: 'db/status', body: 'first' }),
      rawTarBlock({ name: './db//status', body: 'last' }),
    );
    expect((await inspectBytes(bytes)).files).toEqual([{ path: 'db/status', found: ['last'] }]);
  });

  it('does not take names that only look like whiteouts for such', async () => {
    const report = await inspect({ 'a/whe': '', 'a/x.wh.y': '', '.wh..wh.plnk': '', 'a.wh/b': '' });
    expect(report.whiteouts).toEqual([]);
  });

  it('shares a hard link with the file it names', async () => {
    const report = await inspect({
      'a/want.txt': 'x',
      'db/status': { type: 'hardlink', linkTarget: 'a/want.txt' },
    });
    expect(report.files).toContainEqual({ path: 'db/status', found: ['x'] });
    expect(report).not.toHaveProperty('incomplete');
  });

  it('throws the error of a source that breaks, for it says nothing of the layer', async () => {
    const failure = new Error('disk');
    async function* failing(): AsyncGenerator<Buffer> {
      yield gzipSync('x').subarray(0, 5);
      throw failure;
    }
    await expect(inspectLayer({ open: async () => Readable.from(failing()), probe: textProbe })).rejects.toBe(
      failure,
    );
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Buffer> {
      yield rawTarBlock({ name: 'a', size: '77777777777\0' });
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield Buffer.alloc(512);
      }
    }
    setTimeout(() => controller.abort(new Error('cancelled')), 20);
    await expect(
      inspectLayer({
        open: async () => Readable.from(endless()),
        probe: textProbe,
        signal: controller.signal,
      }),
    ).rejects.toThrow('cancelled');
  });
});

describe('inspectLayer() follows links to wanted files (threats.md D6)', () => {
  const rows: [string, FileTree][] = [
    ['a symbolic link', { 'opt/x': 'a 1', 'db/status': { type: 'symlink', linkTarget: '../opt/x' } }],
    ['an absolute link', { 'opt/x': 'a 1', 'db/status': { type: 'symlink', linkTarget: '/opt/x' } }],
    [
      'a link before its target',
      { 'db/status': { type: 'symlink', linkTarget: '../opt/x' }, 'opt/x': 'a 1' },
    ],
    [
      'a link above the root',
      { 'opt/x': 'a 1', 'db/status': { type: 'symlink', linkTarget: '../../../../opt/x' } },
    ],
    ['a link of the directory', { 'opt/d/status': 'a 1', db: { type: 'symlink', linkTarget: 'opt/d' } }],
    [
      'links of links',
      {
        'opt/x': 'a 1',
        l1: { type: 'symlink', linkTarget: 'opt/x' },
        l2: { type: 'symlink', linkTarget: 'l1' },
        'db/status': { type: 'symlink', linkTarget: '/l2' },
      },
    ],
    ['a hard link', { 'opt/x': 'a 1', 'db/status': { type: 'hardlink', linkTarget: 'opt/x' } }],
    [
      'a hard link of a hard link',
      {
        'opt/x': 'a 1',
        'opt/y': { type: 'hardlink', linkTarget: 'opt/x' },
        'db/status': { type: 'hardlink', linkTarget: 'opt/y' },
      },
    ],
  ];
  it.each(rows)('%s', async (_, tree) => {
    const report = await inspect(tree);
    expect(report.files).toEqual([{ path: 'db/status', found: ['a 1'] }]);
    expect(report).not.toHaveProperty('incomplete');
  });
});

describe('inspectLayer() says incomplete, never nothing found (threats.md D2–D6)', () => {
  const symlink = (linkTarget: string) => ({ type: 'symlink', linkTarget }) as const;
  const rows: [string, string, Buffer][] = [
    ['a wanted file above the limit', 'limit:file', buildTar({ 'db/status': 'x'.repeat(1001) })],
    ['a wanted file that is no sense', 'unreadable', buildTar({ 'db/status': 'broken' })],
    [
      'a wanted sparse file above the limit',
      'limit:file',
      rawTar(sparseMember('PAX 1.0', 'db/status', { sizeBytes: 1001, parts: [[0, 'a 1']] })),
    ],
    ['a link to itself', 'link', buildTar({ 'db/status': symlink('status') })],
    ['two links in a loop', 'link', buildTar({ db: symlink('x'), x: symlink('db') })],
    ['a hard link to nothing', 'link', buildTar({ 'db/status': { type: 'hardlink', linkTarget: 'gone' } })],
    [
      'a link to a device',
      'link',
      rawTar(
        rawTarBlock({ name: 'dev', typeFlag: '3' }),
        rawTarBlock({ name: 'db/status', typeFlag: '2', linkName: '/dev' }),
      ),
    ],
    [
      'a link to a file above the limit',
      'link',
      buildTar({ 'opt/x': 'x'.repeat(1001), 'db/status': symlink('/opt/x') }),
    ],
    ['a database below a link', 'ambiguous', buildTar({ db: symlink('opt'), 'db/status': 'a 1' })],
    ['a directory replaced by a file', 'ambiguous', buildTar({ 'db/': '', 'db/status': 'a 1', db: 'x' })],
    ['a whiteout of nothing', 'ambiguous', buildTar({ 'a/.wh.': '' })],
    ['a whiteout of the parent', 'ambiguous', buildTar({ 'a/.wh...': '' })],
    ['".."', 'ambiguous', rawTar(rawTarBlock({ name: '../db/status', body: 'x' }))],
    ['bytes behind the gzip', 'ambiguous', Buffer.concat([gzipSync(buildTar({ a: '' })), Buffer.alloc(9)])],
    [
      'a second archive behind the first',
      'ambiguous',
      Buffer.concat([buildTar({ a: '' }), buildTar({ 'db/status': 'x' })]),
    ],
    ['a bomb', 'limit:ratio', gzipSync(Buffer.concat([buildTar({ a: '' }), Buffer.alloc(80 * 1024 ** 2)]))],
    ['a cut gzip', 'truncated', gzipSync(buildTar({ 'db/status': 'a 1' })).subarray(0, -20)],
    ['no archive', 'corrupt', Buffer.from('not a tar'.repeat(200))],
  ];
  it.each(rows)('%s: %s', async (_, code, bytes) => {
    expect(await inspectBytes(bytes)).toMatchObject({ incomplete: { code } });
  });

  it('keeps what was found before the broken place, without a diff id', async () => {
    const report = await inspectBytes(Buffer.concat([buildTar({ 'db/status': 'a 1' }), Buffer.from('x')]));
    expect(report.files).toEqual([{ path: 'db/status', found: ['a 1'] }]);
    expect(report).not.toHaveProperty('diffId');
  });

  it('more links than the limit', async () => {
    const tar = buildTar({ a: symlink('x'), b: symlink('x'), c: symlink('x') });
    const limits = { ...defaultInspectLimits, linksMax: 2 };
    const report = await inspectLayer({ open: async () => Readable.from([tar]), probe: textProbe, limits });
    expect(report.incomplete?.code).toBe('limit:entries');
  });
});

const shared = sharedData();

describe.skipIf(shared === undefined)('inspectLayer() on real root file systems (needs ../shared)', () => {
  it.each([
    'alpine/alpine-rootfs-3.4.0-x86_64',
    'alpine/alpine-minirootfs-3.12.12-x86_64',
    'busybox/busybox-glibc-amd64-rootfs',
  ])('%s is read whole', async (name) => {
    const bytes = readFileSync(`${shared}/images/${name}.tar.gz`);
    const report = await inspectBytes(bytes);
    expect(report).not.toHaveProperty('incomplete');
    expect(report.executableCount).toBeGreaterThan(5);
    expect(report.diffId).toBe(buildLayer(gunzipSync(bytes)).diffId);
  });
});
