import { describe, expect, it } from 'vitest';
import { releaseFileExtractor } from './release-files.ts';

function extract(path: string, text: string) {
  return releaseFileExtractor.extract(path, Buffer.from(text));
}

describe('releaseFileExtractor', () => {
  it('reads os-release with either quotes, escapes, comments and none (os-release(5))', () => {
    const text = `# comment\nNAME='Debian GNU/Linux'\nID=debian\nVERSION_ID="12"\nPRETTY_NAME="A \\"B\\" \\$C"\n`;
    expect(extract('etc/os-release', text)).toEqual([
      { kind: 'release', source: 'os-release', id: 'debian', versionId: '12', prettyName: 'A "B" $C' },
    ]);
  });

  it('makes up a pretty name where there is none', () => {
    expect(extract('usr/lib/os-release', 'ID=arch\nNAME="Arch Linux"\n')).toMatchObject([
      { id: 'arch', versionId: '', prettyName: 'Arch Linux' },
    ]);
    expect(extract('etc/os-release', 'ID=x\nVERSION_ID=3')).toMatchObject([{ prettyName: 'x 3' }]);
  });

  it('reads the older files of Alpine and Debian', () => {
    expect(extract('etc/alpine-release', '3.4.0\n')).toMatchObject([{ id: 'alpine', versionId: '3.4.0' }]);
    expect(extract('etc/debian_version', 'trixie/sid\n')).toMatchObject([
      { id: 'debian', versionId: 'trixie/sid' },
    ]);
  });

  it.each([
    ['etc/redhat-release', 'Red Hat Enterprise Linux Server release 7.9 (Maipo)\n', 'rhel', '7.9'],
    ['etc/redhat-release', 'CentOS release 6.10 (Final)\n', 'centos', '6.10'],
    ['etc/centos-release', 'CentOS Linux release 7.9.2009 (Core)\n', 'centos', '7.9.2009'],
    ['etc/centos-release', 'CentOS Stream release 9\n', 'centos', '9'],
    ['etc/rocky-release', 'Rocky Linux release 9.3 (Blue Onyx)\n', 'rocky', '9.3'],
    ['etc/almalinux-release', 'AlmaLinux release 9.3 (Shamrock Pampas Cat)\n', 'almalinux', '9.3'],
    ['etc/oracle-release', 'Oracle Linux Server release 8.8\n', 'ol', '8.8'],
    ['etc/openEuler-release', 'openEuler release 22.03 (LTS-SP1)\n', 'openeuler', '22.03'],
    ['etc/system-release', 'Amazon Linux release 2 (Karoo)\n', 'amzn', '2'],
    ['etc/system-release', 'Amazon Linux AMI release 2018.03\n', 'amzn', '2018.03'],
    ['usr/lib/fedora-release', 'Fedora release 39 (Thirty Nine)\n', 'fedora', '39'],
    [
      'etc/SuSE-release',
      'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
      'sles',
      '11.4',
    ],
    [
      'etc/SuSE-release',
      'openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n',
      'opensuse',
      '13.2',
    ],
    ['etc/photon-release', 'VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1526e30ba\n', 'photon', '4.0'],
    ['etc/mariner-release', 'CBL-Mariner 2.0.20240301\n', 'mariner', '2.0.20240301'],
    ['etc/lsb-release', 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n', 'ubuntu', '14.04'],
    ['etc/lsb-release', 'DISTRIB_ID="VMware Photon OS"\nDISTRIB_RELEASE="3.0"\n', 'photon', '3.0'],
    ['etc/os-release', 'NAME="openEuler"\nID="openEuler"\nVERSION_ID="24.03"\n', 'openeuler', '24.03'],
    ['etc/os-release', 'NAME="SLES"\nVERSION_ID="15.5"\nID="sles"\n', 'sles', '15.5'],
    ['etc/os-release', 'NAME=Bottlerocket\nID=bottlerocket\nVERSION_ID=1.20.0\n', 'bottlerocket', '1.20.0'],
  ])('reads %s: %j', (path, text, id, versionId) => {
    expect(extract(path, text)).toMatchObject([{ id, versionId }]);
  });

  it('takes no older file for one of a distribution that it does not know', () => {
    expect(extract('etc/redhat-release', 'Scientific Linux release 7.9 (Nitrogen)\n')).toEqual([]);
    expect(extract('etc/lsb-release', 'DISTRIB_ID=Mint\n')).toEqual([]);
  });

  it('finds no release in a file that names none', () => {
    expect(extract('etc/os-release', '')).toEqual([]);
    expect(extract('etc/os-release', 'NAME=x\nID=\n')).toEqual([]);
    expect(extract('etc/alpine-release', '\n')).toEqual([]);
  });

  it('wants no path that merely looks like one of an object', () => {
    expect(releaseFileExtractor.wants('constructor')).toBe(false);
    expect(releaseFileExtractor.wants('etc/os-release')).toBe(true);
  });
});
