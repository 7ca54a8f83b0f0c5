import { describe, expect, it } from 'vitest';
import { buildTar } from '../../../testing/samples/build-image.ts';
import { inventoryOf } from '../../../testing/samples/inventory-of.ts';
import { bottlerocketExtractor } from './bottlerocket.ts';
import { supportDoubts } from './support-doubts.ts';

const path = 'usr/share/bottlerocket/application-inventory.json';
const shibaken = {
  Name: 'shibaken',
  Publisher: 'bottlerocket-core-kit',
  Version: '0.0',
  Release: '1.1731694217.dc9aff2d.br1',
  Epoch: '1',
  InstalledTime: '2024-11-22T18:29:09Z',
  ApplicationType: 'Unspecified',
  Architecture: 'x86_64',
  Url: 'https://github.com/bottlerocket-os/bottlerocket',
  Summary: 'Settings generator',
};
const { Epoch: _, ...older } = shibaken;
const extract = (content: unknown) =>
  bottlerocketExtractor.extract(path, Buffer.from(JSON.stringify({ Content: content })));

describe('bottlerocketExtractor', () => {
  it('reads name, epoch, version, release and architecture', () => {
    const found = {
      kind: 'package',
      manager: 'rpm',
      name: 'shibaken',
      version: '1:0.0-1.1731694217.dc9aff2d.br1',
      sourceName: 'shibaken',
      sourceVersion: '1:0.0-1.1731694217.dc9aff2d.br1',
      architecture: 'x86_64',
    };
    expect(extract([shibaken])).toEqual([found]);
    const version = '0.0-1.1731694217.dc9aff2d.br1';
    expect(extract([older, { ...shibaken, Epoch: '0' }])).toMatchObject([{ version }, { version }]);
  });

  it.each([
    ['no-name', [{ ...shibaken, Name: '' }]],
    ['no-version', [{ ...shibaken, Version: 7 }]],
    ['no-release', [{ ...shibaken, Release: undefined }]],
    ['no-number-as-epoch', [{ ...shibaken, Epoch: 'x' }]],
    ['null', [null]],
    ['empty-list', []],
    ['no-list', 'x'],
  ])('says that it could not read %s', (_condition, content) => {
    expect(extract(content).map(({ kind }) => kind)).toEqual(['unreadable']);
  });

  it.each(['', '[]', 'x'.repeat(1000), '{"Content"', `{"content":[${JSON.stringify(shibaken)}]}`])(
    'says that %j is not of its format',
    (text) => {
      expect(bottlerocketExtractor.extract(path, Buffer.from(text))).toEqual([
        { kind: 'unreadable', reason: 'The inventory of Bottlerocket is not of its format' },
      ]);
    },
  );

  it('lists the packages of an image whose /usr is a link, which stays undetermined', async () => {
    const elf = Buffer.concat([Buffer.from('\u007fELF', 'latin1'), Buffer.alloc(64)]);
    const root = 'x86_64-bottlerocket-linux-gnu/sys-root';
    const image = buildTar({
      usr: { type: 'symlink', linkTarget: `${root}/usr` },
      [`${root}/usr/lib/os-release`]:
        'ID=bottlerocket\nVERSION_ID=1.27.1\nPRETTY_NAME="Bottlerocket OS 1.27.1"\n',
      [`${root}/usr/bin/shibaken`]: elf,
      [`${root}/${path}`]: JSON.stringify({ Content: [shibaken] }),
    });
    const now = new Date('2026-01-01T00:00:00Z');
    const { packages, doubts, distribution } = await inventoryOf([image], now);
    expect(distribution).toMatchObject({ id: 'bottlerocket', versionId: '1.27.1' });
    expect(packages).toMatchObject([{ package: { ecosystem: 'rpm', release: '1.27.1', name: 'shibaken' } }]);
    expect([...supportDoubts(distribution, now), ...doubts].map(({ code }) => code)).toEqual([
      'unsupported-distribution',
    ]);
  });
});
