import { describe, expect, it } from 'vitest';
import type { Package } from '../report/package.ts';
import { advisedAs, streamStanding } from './installed-as.ts';

const npm: Package = {
  ecosystem: 'AlmaLinux',
  release: '8',
  name: 'npm',
  version: '1:8.19.2-1.18.12.1.module_el8.7.0+3394+f81c9bba',
  sourceName: 'nodejs',
  sourceVersion: '1:18.12.1-2.module_el8.7.0+3394+f81c9bba',
  module: 'nodejs:18',
};

describe('advisedAs()', () => {
  it('is the package itself for AlmaLinux, and its source for others', () => {
    expect(advisedAs(npm)).toEqual({ name: 'npm', version: npm.version });
    expect(advisedAs({ ...npm, ecosystem: 'Azure Linux' })).toEqual({
      name: 'nodejs',
      version: npm.sourceVersion,
    });
  });
});

describe('streamStanding()', () => {
  const plain = { ...npm, version: '6.14-1.el8', module: '' };
  const unlabelled = { ...npm, module: '' };

  it.each([
    ['a plain package and a plain advisory', plain, undefined, 'same'],
    ['a plain package and one of a module', plain, ['nodejs:18'], 'other'],
    ['a modular package and a plain advisory', npm, undefined, 'other'],
    ['its own stream', npm, ['nodejs:18'], 'same'],
    ['one of several streams', npm, ['nodejs:16', 'nodejs:18'], 'same'],
    ['another stream', npm, ['nodejs:16'], 'other'],
    ['a stream that is not named', npm, [], 'unknown'],
    ['a package that does not say its stream', unlabelled, ['nodejs:18'], 'unknown'],
    ['a package without label and a plain advisory', unlabelled, undefined, 'same'],
  ] as const)('says of %s', (_name, installed, modules, expected) => {
    const affected = { ranges: [], versions: [], ...(modules === undefined ? {} : { modules }) };
    expect(streamStanding(affected, installed)).toBe(expected);
  });
});
