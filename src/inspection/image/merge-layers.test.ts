import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { buildLayer, type FileTree } from '../../testing/samples/build-image.ts';
import { textProbe } from '../../testing/samples/text-probe.ts';
import { inspectLayer } from './inspect-layer.ts';
import { mergeLayers } from './merge-layers.ts';

async function merge(trees: readonly FileTree[], diffIds?: readonly (string | undefined)[]) {
  const reports = [];
  for (const tree of trees) {
    const { bytes } = buildLayer(tree, 'none');
    reports.push(await inspectLayer({ open: async () => Readable.from([bytes]), probe: textProbe }));
  }
  const options = { knownPaths: textProbe.knownPaths ?? [], ...(diffIds !== undefined && { diffIds }) };
  const view = mergeLayers(reports, options);
  return {
    files: Object.fromEntries(
      view.files.map(({ path, layerIndex, found }) => [path, `${layerIndex}:${found.join()}`]),
    ),
    codes: view.incomplete.map(({ code, layerIndex }) => `${layerIndex}:${code}`),
    view,
  };
}

const symlink = (linkTarget: string) => ({ type: 'symlink', linkTarget }) as const;

describe('mergeLayers() lays layers on one another as containerd does', () => {
  const rows: [string, FileTree[], Record<string, string>][] = [
    [
      'an upper file replaces a lower one',
      [{ 'db/status': 'a' }, { 'db/status': 'b' }],
      { 'db/status': '1:b' },
    ],
    ['a whiteout removes a file', [{ 'db/status': 'a' }, { 'db/.wh.status': '' }], {}],
    [
      'a whiteout removes a directory',
      [{ 'x/y/want.txt': 'a', 'xy/want.txt': 'b' }, { '.wh.x': '' }],
      { 'xy/want.txt': '0:b' },
    ],
    [
      'a whiteout spares its own layer',
      [{ 'db/status': 'a' }, { 'db/.wh.status': '', 'db/status': 'b' }],
      { 'db/status': '1:b' },
    ],
    [
      'a whiteout spares upper layers',
      [{ 'db/.wh.status': '' }, { 'db/status': 'b' }],
      { 'db/status': '1:b' },
    ],
    [
      'a file comes back',
      [{ 'db/status': 'a' }, { 'db/.wh.status': '' }, { 'db/status': 'c' }],
      { 'db/status': '2:c' },
    ],
    [
      'an opaque directory hides what is below',
      [
        { 'x/want.txt': 'a', 'x/y/want.txt': 'b', 'want.txt': 'c' },
        { 'x/.wh..wh..opq': '', 'x/z/want.txt': 'd' },
      ],
      { 'want.txt': '0:c', 'x/z/want.txt': '1:d' },
    ],
    [
      'an opaque root hides all',
      [
        { 'want.txt': 'a', 'x/want.txt': 'b' },
        { '.wh..wh..opq': '', 'y/want.txt': 'c' },
      ],
      { 'y/want.txt': '1:c' },
    ],
    ['a file replaces a directory', [{ 'x/y/want.txt': 'a' }, { x: 'file' }], {}],
    ['a link replaces a directory', [{ 'x/y/want.txt': 'a' }, { x: symlink('y') }], {}],
    ['a directory replaces a file', [{ 'want.txt': 'a' }, { 'want.txt/': '' }], {}],
    ['a directory entry keeps a directory', [{ 'x/want.txt': 'a' }, { 'x/': '' }], { 'x/want.txt': '0:a' }],
    ['a link replaces a file', [{ 'want.txt': 'a' }, { 'want.txt': symlink('gone') }], {}],
    [
      'a path goes through a lower link',
      [{ x: symlink('usr/x') }, { 'x/want.txt': 'a' }],
      { 'usr/x/want.txt': '1:a' },
    ],
    [
      'a directory entry replaces a lower link',
      [{ x: symlink('usr/x') }, { 'x/': '', 'x/want.txt': 'a' }],
      { 'x/want.txt': '1:a' },
    ],
    [
      'a whiteout goes through a lower link',
      [{ x: symlink('usr/x'), 'usr/x/want.txt': 'a' }, { 'x/.wh.want.txt': '' }],
      {},
    ],
    [
      'a whiteout of a link spares its target',
      [{ x: symlink('usr/x'), 'usr/x/want.txt': 'a' }, { '.wh.x': '' }],
      { 'usr/x/want.txt': '0:a' },
    ],
    ['bare dots are no whiteout', [{ 'x/want.txt': 'a' }, { 'x/whwant.txt': '' }], { 'x/want.txt': '0:a' }],
  ];
  it.each(rows)('%s', async (_, trees, files) => {
    const merged = await merge(trees);
    expect(merged.files).toEqual(files);
    expect(merged.codes).toEqual([]);
  });

  it('sums executables and takes the newest time', async () => {
    const program = Buffer.concat([Buffer.from('7f454c46', 'hex'), Buffer.alloc(60)]);
    const { view } = await merge([
      { a: { type: 'file', content: program, modifiedAtMs: Date.UTC(2026, 1, 1) } },
      { b: program },
    ]);
    expect(view).toMatchObject({ executableCount: 2, newestEntryAt: '2026-02-01T00:00:00.000Z' });
  });
});

describe('mergeLayers() finds or doubts a hidden database, and is never silent (threats.md D6)', () => {
  const rows: [string, FileTree[], Record<string, string>, string[]][] = [
    [
      'the target of a link lies in a lower layer and was not read',
      [{ 'opt/x': 'a' }, { 'db/status': symlink('../opt/x') }],
      {},
      ['0:link'],
    ],
    [
      'a link of the directory leads to a lower layer',
      [{ 'opt/d/status': 'a' }, { db: symlink('opt/d') }],
      {},
      ['0:link'],
    ],
    [
      'the target of a link was read',
      [{ 'opt/want.txt': 'a' }, { 'db/status': symlink('../opt/want.txt') }],
      { 'opt/want.txt': '0:a' },
      [],
    ],
    ['a link to nothing', [{ 'db/status': symlink('gone') }], {}, []],
    [
      'the target was removed',
      [{ 'opt/x': 'a' }, { 'db/status': symlink('../opt/x') }, { 'opt/.wh.x': '' }],
      {},
      [],
    ],
    ['links of two layers in a loop', [{ db: symlink('x') }, { x: symlink('db') }], {}, ['1:link']],
    [
      'the database is written through a link of a lower layer',
      [{ x: symlink('db') }, { 'x/status': 'a' }],
      {},
      ['1:link'],
    ],
    [
      'the database is written through a link to the root',
      [{ 'usr/x': symlink('/') }, { 'usr/x/db/status': 'a' }],
      {},
      ['1:link'],
    ],
    [
      'the database is written through a link of its directory',
      [{ db: symlink('usr/db') }, { 'db/status': 'a' }],
      { 'usr/db/status': '1:a' },
      [],
    ],
    [
      'a broken layer is told by its index',
      [{ 'db/status': 'a' }, { 'want.txt': 'broken' }],
      { 'db/status': '0:a', 'want.txt': '1:' },
      ['1:unreadable'],
    ],
  ];
  it.each(rows)('%s', async (_, trees, files, codes) => {
    const merged = await merge(trees);
    expect(merged.files).toEqual(files);
    expect(merged.codes).toEqual(codes);
  });
});

describe('mergeLayers() and diff ids (threats.md D5)', () => {
  const tree: FileTree = { 'want.txt': 'a' };
  const { diffId } = buildLayer(tree);

  it('takes the diff id of the config', async () => {
    expect((await merge([tree], [diffId])).codes).toEqual([]);
  });

  it('doubts another one, and a layer that the config does not list', async () => {
    expect((await merge([tree, tree], [`sha256:${'0'.repeat(64)}`])).codes).toEqual(['0:diffid', '1:diffid']);
  });
});
