import { describe, expect, it } from 'vitest';
import { rpmManifestExtractor } from './rpm-manifest.ts';

const line =
  'libgcc\t11.2.0-2.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t101432\tx86_64\t0\tgcc-11.2.0-2.cm2.src.rpm';
const extract = (text: string) =>
  rpmManifestExtractor.extract('var/lib/rpmmanifest/container-manifest-2', Buffer.from(text));

describe('rpmManifestExtractor', () => {
  it('reads name, version, source and build time of each line', () => {
    const found = {
      kind: 'package',
      manager: 'rpm',
      name: 'libgcc',
      version: '11.2.0-2.cm2',
      sourceName: 'gcc',
      sourceVersion: '11.2.0-2.cm2',
      architecture: 'x86_64',
      builtAt: '2022-05-28T15:52:10.000Z',
    };
    expect(extract(`${line}\n`)).toEqual([found]);
    expect(extract(line.replace('\t0\t', '\t2\t'))).toEqual([
      { ...found, version: '2:11.2.0-2.cm2', sourceVersion: '2:11.2.0-2.cm2' },
    ]);
    expect(extract(line.replace('gcc-11.2.0-2.cm2.src.rpm', '(none)'))).toMatchObject([
      { sourceName: 'libgcc' },
    ]);
  });

  it.each([
    ['too-few-columns', 'libgcc\t11.2.0-2.cm2\n'],
    ['too-many-columns', `${line}\tx\n`],
    ['no-epoch', line.replace('\t0\t', '\t(none)\t')],
    ['garbage', 'x'.repeat(1000)],
  ])('says that it could not read %s', (_condition, text) => {
    expect(extract(text).map(({ kind }) => kind)).toEqual(['unreadable']);
  });

  it('finds nothing in an empty one', () => {
    expect(extract('')).toEqual([]);
  });
});
