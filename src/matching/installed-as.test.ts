import { describe, expect, it } from 'vitest';
import type { Package } from '../report/package.ts';
import type { AffectedPackage } from './advisory.ts';
import { advisedNames, advisedVersion, numberedBySource } from './installed-as.ts';

const npm: Package = {
  ecosystem: 'AlmaLinux',
  release: '8',
  name: 'npm',
  version: '1:8.19.2-1.18.12.1.module_el8.7.0+3394+f81c9bba',
  sourceName: 'nodejs',
  sourceVersion: '1:18.12.1-2.module_el8.7.0+3394+f81c9bba',
  module: 'nodejs:18',
};

const fixedBy = (...fixes: readonly string[]): AffectedPackage => ({
  versions: [],
  ranges: fixes.map((fixed) => ({ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] })),
});

describe('advisedNames()', () => {
  it.each([
    ['AlmaLinux', ['npm']],
    ['Azure Linux', ['nodejs']],
    ['Debian', ['nodejs']],
    ['Rocky Linux', ['nodejs']],
    ['SUSE', ['nodejs']],
    ['Red Hat', ['npm', 'nodejs']],
    ['Photon OS', ['npm', 'nodejs']],
  ])('are those that the advisories of %s use: %s', (ecosystem, names) => {
    expect(advisedNames({ ...npm, ecosystem })).toEqual(names);
  });

  it('are one where the package is called like its source', () => {
    expect(advisedNames({ ...npm, ecosystem: 'Red Hat', name: 'nodejs' })).toEqual(['nodejs']);
  });
});

describe('advisedNames() of a package of the kernel', () => {
  it.each([
    ['Debian', 'linux-libc-dev', 'linux', []],
    ['Ubuntu', 'linux-headers-5.15.0-164-generic', 'linux', []],
    ['Ubuntu', 'linux-aws-5.15-headers-5.15.0-1071', 'linux-aws-5.15', []],
    ['Azure Linux', 'kernel-headers', 'kernel', []],
    ['Red Hat', 'kernel-headers', 'kernel', ['kernel-headers']],
    ['AlmaLinux', 'kernel-headers', 'kernel', ['kernel-headers']],
    ['Ubuntu', 'linux-image-5.15.0-164-generic', 'linux-signed', ['linux-signed']],
    ['Ubuntu', 'linux-modules-5.15.0-164-generic', 'linux', ['linux']],
    ['Debian', 'libheaders-dev', 'headers', ['headers']],
  ])('of %s, %s', (ecosystem, name, sourceName, names) => {
    expect(advisedNames({ ...npm, ecosystem, name, sourceName })).toEqual(names);
  });
});

describe('advisedVersion()', () => {
  const perlErrno: Package = {
    ecosystem: 'Rocky Linux',
    release: '8',
    name: 'perl-Errno',
    version: '1.28-419.el8',
    sourceName: 'perl',
    sourceVersion: '5.26.3-419.el8',
    module: '',
  };

  it('is the package’s own where the advisory names it, else that of its source', () => {
    expect(advisedVersion(npm, 'npm', fixedBy('1:9'))).toBe(npm.version);
    const ofRedHat = { ...npm, ecosystem: 'Red Hat' };
    expect(advisedVersion(ofRedHat, 'npm', fixedBy('1:9'))).toBe(npm.version);
    expect(advisedVersion(ofRedHat, 'nodejs', fixedBy('1:19'))).toBe(npm.sourceVersion);
    expect(advisedVersion({ ...npm, ecosystem: 'Debian' }, 'nodejs', fixedBy('2:1'))).toBe(npm.sourceVersion);
  });

  it('takes the epoch of the advisory for that of a source whose package has a version of its own', () => {
    expect(advisedVersion(perlErrno, 'perl', fixedBy('4:5.26.3-420.el8'))).toBe('4:5.26.3-419.el8');
    expect(advisedVersion(perlErrno, 'perl', fixedBy('5.26.3-420.el8'))).toBe('0:5.26.3-419.el8');
  });

  it('knows the epoch of a source whose package has its version', () => {
    const perl = {
      ...perlErrno,
      name: 'perl',
      version: '4:5.26.3-419.el8',
      sourceVersion: '4:5.26.3-419.el8',
    };
    expect(advisedVersion(perl, 'perl', fixedBy('5:1-1'))).toBe('4:5.26.3-419.el8');
  });

  it('is not known where the advisory names several epochs', () => {
    expect(
      advisedVersion(perlErrno, 'perl', fixedBy('4:5.26.3-420.el8', '3:5.26.3-400.el8')),
    ).toBeUndefined();
  });
});

describe('numberedBySource()', () => {
  const bsdutils = {
    ecosystem: 'Debian',
    version: '1:2.36.1-8',
    sourceName: 'util-linux',
    sourceVersion: '2.36.1-8',
  };

  it('names the source whose versions fixes are, of a package that is numbered otherwise', () => {
    expect(numberedBySource(bsdutils)).toEqual({ name: 'util-linux', version: '2.36.1-8' });
    const perlErrno = { version: '1.28-419.el8', sourceName: 'perl', sourceVersion: '5.26.3-419.el8' };
    expect(numberedBySource({ ...perlErrno, ecosystem: 'Rocky Linux' })).toMatchObject({ name: 'perl' });
  });

  it.each([
    ['has the version of its source', { version: '2.36.1-8' }],
    [
      'has one that looks like a rebuild, as its source',
      { version: '1.0.0+b12', sourceVersion: '1.0.0+b12' },
    ],
    ['is built of it again', { version: '2.36.1-8+b2' }],
    [
      'has its version and an epoch that a source’s file name lacks',
      { ecosystem: 'SUSE', version: '1:2.36.1-8' },
    ],
    ['is named by advisories itself', { ecosystem: 'AlmaLinux' }],
    ['may be named by itself', { ecosystem: 'Red Hat' }],
  ])('is nothing where the package %s', (_, change) => {
    expect(numberedBySource({ ...bsdutils, ...change })).toBeUndefined();
  });
});
