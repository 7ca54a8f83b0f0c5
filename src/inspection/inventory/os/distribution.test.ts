import { describe, expect, it } from 'vitest';
import type { FoundRelease } from '../found.ts';
import { detectDistribution, releaseFilesDisagree } from './distribution.ts';
import { familyOf, knownDistributions } from './families.ts';

function osRelease(id: string, versionId: string, prettyName = id): FoundRelease {
  return { kind: 'release', source: 'os-release', id, versionId, prettyName };
}
function older(source: 'alpine-release' | 'debian-version', versionId: string): FoundRelease {
  const id = source === 'alpine-release' ? 'alpine' : 'debian';
  return { kind: 'release', source, id, versionId, prettyName: `${id} ${versionId}` };
}

/** A release of each distribution whose last day is known. */
const datedVersions: Readonly<Record<string, string>> = {
  almalinux: '8',
  alpine: '3.4.0',
  azurelinux: '3.0',
  debian: '9',
  mageia: '8',
  mariner: '2.0',
  opensuse: '13.2',
  'opensuse-leap': '15.5',
  photon: '3.0',
  rhel: '7.9',
  rocky: '8.10',
  'sl-micro': '6.0',
  'sle-micro': '5.1',
  'sle-micro-rancher': '5.2',
  sled: '15.4',
  sles: '15.6',
  ubuntu: '12.04',
};

/** Judged distributions of which no day could be looked up, and why. */
const withoutDates: Readonly<Record<string, string>> = {
  alpaquita: 'no source that could be searched has them',
  'bellsoft-hardened-containers': 'no source that could be searched has them',
  openeuler: 'no source that could be searched has them, https://endoflife.date neither',
  'opensuse-leap-micro': 'its product definitions contradict themselves: 6.0 until 2025-05-31 and 2026-10-31',
};

function hasDate(id: string): boolean {
  return detectDistribution([osRelease(id, datedVersions[id] ?? '')])?.endOfLifeOn !== undefined;
}

describe('detectDistribution()', () => {
  it.each([
    ['alpine', '3.4.0', 'v3.4'],
    ['alpine', '3.22.1', 'v3.22'],
    ['alpine', '3.22', 'v3.22'],
    ['alpine', '3.21.0_rc1', 'v3.21'],
    ['alpine', '3.23_alpha20250612', 'edge'],
    ['debian', '12', '12'],
    ['debian', '7', '7'],
    ['debian', '6.0.10', '6.0'],
    ['debian', '5.0.10', '5.0'],
    ['debian', '4.0', '4.0'],
    ['debian', '3.1', '3.1'],
    ['debian', '3.0', '3.0'],
    ['debian', '12.11', '12'],
    ['azurelinux', '3.0', '3'],
    ['almalinux', '9.4', '9'],
    ['mariner', '2.0.20240301', '2'],
    ['wolfi', '20230201', ''],
    ['chainguard', '20230214', ''],
    ['ubuntu', '22.04', '22.04:LTS'],
    ['ubuntu', '23.10', '23.10'],
    ['ubuntu', '25.04', '25.04'],
    ['ubuntu', '26.04', '26.04:LTS'],
    ['rhel', '9.4', '9'],
    ['rocky', '8.10', '8'],
    ['sles', '15.6', '15.6'],
    ['sles', '15', '15'],
    ['sle-micro', '5.5', '5.5'],
    ['sle-micro-rancher', '5.2', '5.2'],
    ['opensuse-leap', '15.6', 'Leap 15.6'],
    ['opensuse-leap-micro', '5.5', 'Leap Micro 5.5'],
    ['opensuse-tumbleweed', '20261101', 'Tumbleweed'],
    ['mageia', '9', '9'],
    ['photon', '4.0', '4.0'],
    ['alpaquita', 'stream', 'stream'],
    ['alpaquita', '23', '23'],
    ['bellsoft-hardened-containers', '23', '23'],
    ['minimos', '20250101', ''],
    ['echo', '1', ''],
    ['cleanstart', '1', ''],
  ])('calls %s %s by the release that OSV writes: %s', (id, versionId, release) => {
    expect(detectDistribution([osRelease(id, versionId)])?.release).toBe(release);
  });

  it.each([
    ['openEuler 24.03 (LTS-SP1)', '24.03-LTS-SP1'],
    ['openEuler 22.03 LTS', '22.03-LTS'],
    ['openEuler 20.03 (LTS)', '20.03-LTS'],
    ['openEuler 23.09', '23.09'],
  ])('calls %s by the release that OSV writes: %s', (prettyName, release) => {
    const [, versionId = ''] = /(\d\d\.\d\d)/.exec(prettyName) ?? [];
    expect(detectDistribution([osRelease('openeuler', versionId, prettyName)])?.release).toBe(release);
  });

  it('tells edge by its name', () => {
    expect(detectDistribution([osRelease('alpine', '3.5.0', 'Alpine Linux edge')])?.release).toBe('edge');
  });

  it('goes by the older file where there is no os-release, or it names no version', () => {
    expect(detectDistribution([older('alpine-release', '3.1.4')])).toMatchObject({
      id: 'alpine',
      release: 'v3.1',
    });
    expect(detectDistribution([older('debian-version', '11.7'), osRelease('debian', '')])?.release).toBe(
      '11',
    );
  });

  it('has no release for Debian testing and for a version that makes no sense', () => {
    expect(detectDistribution([osRelease('debian', ''), older('debian-version', 'trixie/sid')])).toEqual({
      id: 'debian',
      versionId: 'trixie/sid',
      prettyName: 'debian',
    });
    expect(detectDistribution([osRelease('alpine', '3')])).not.toHaveProperty('release');
    expect(detectDistribution([osRelease('debian', '12abc')])).not.toHaveProperty('release');
  });

  it('has no release for what is built ahead of one', () => {
    const kitten = detectDistribution([osRelease('almalinux', '10', 'AlmaLinux Kitten 10 (Lion Cub)')]);
    expect(kitten).not.toHaveProperty('release');
  });

  it('has neither ecosystem nor release for a distribution that no feed is read for', () => {
    for (const id of ['gentoo', 'ol']) {
      expect(detectDistribution([osRelease(id, '42')])).toEqual({ id, versionId: '42', prettyName: id });
    }
    expect(detectDistribution([osRelease('constructor', '1')])).not.toHaveProperty('ecosystem');
    expect(familyOf('toString')).toBeUndefined();
  });

  it('knows nothing without a release file', () => {
    expect(detectDistribution([])).toBeUndefined();
  });

  it('knows the last day of support', () => {
    expect(detectDistribution([osRelease('alpine', '3.4.0')])?.endOfLifeOn).toBe('2018-05-01');
    expect(detectDistribution([osRelease('debian', '9')])?.endOfLifeOn).toBe('2022-06-30');
    expect(detectDistribution([osRelease('alpine', '3.99.0')])).not.toHaveProperty('endOfLifeOn');
  });

  it.each([
    ['ubuntu', '18.04', 'Ubuntu 18.04.6 LTS', '2023-05-31'],
    ['rhel', '7.9', 'Red Hat Enterprise Linux Server 7.9 (Maipo)', '2024-06-30'],
    ['centos', '8', 'CentOS Linux 8', '2021-12-31'],
    ['centos', '8', 'CentOS Stream 8', '2024-05-31'],
    ['rocky', '8.10', 'Rocky Linux 8.10 (Green Obsidian)', '2029-05-31'],
    ['almalinux', '9.4', 'AlmaLinux 9.4 (Seafoam Ocelot)', '2032-05-31'],
    ['ol', '7.9', 'Oracle Linux Server 7.9', '2024-12-31'],
    ['amzn', '2', 'Amazon Linux 2', '2026-06-30'],
    ['amzn', '2023', 'Amazon Linux 2023', '2029-06-30'],
    ['fedora', '41', 'Fedora Linux 41 (Container Image)', '2025-12-15'],
    ['sles', '15.5', 'SUSE Linux Enterprise Server 15 SP5', '2024-12-31'],
    ['opensuse-leap', '15.6', 'openSUSE Leap 15.6', '2026-04-30'],
    ['mariner', '2.0', 'CBL-Mariner/Linux', '2025-07-31'],
    ['opensuse-tumbleweed', '20261101', 'openSUSE Tumbleweed', undefined],
    ['sles', '15.6', 'SUSE Linux Enterprise Server 15 SP6', '2025-12-31'],
    ['sled', '15.4', 'SUSE Linux Enterprise Desktop 15 SP4', '2023-12-31'],
    ['sle-micro', '5.1', 'SUSE Linux Enterprise Micro 5.1', '2025-10-31'],
    ['debian', '3.1', 'Debian 3.1', '2008-03-31'],
    ['debian', '6.0.10', 'Debian 6.0.10', '2016-02-29'],
    ['ubuntu', '12.04', 'Ubuntu precise (12.04.5 LTS)', '2017-04-28'],
    ['mageia', '8', 'Mageia 8', '2023-11-30'],
    ['photon', '3.0', 'VMware Photon OS/Linux', '2025-10-02'],
    ['photon', '5.0', 'VMware Photon OS/Linux', undefined],
    ['openeuler', '24.03', 'openEuler 24.03 (LTS)', undefined],
    ['arch', '', 'Arch Linux', undefined],
  ])('knows until when %s %s (%s) is supported, judged or not: %s', (id, version, name, lastDay) => {
    const found = detectDistribution([osRelease(id, version, name)]);
    expect(found?.endOfLifeOn).toBe(lastDay);
    const unjudged = ['amzn', 'arch', 'centos', 'fedora', 'ol'];
    expect(found?.release === undefined).toBe(unjudged.includes(id));
  });

  it('knows until when releases are supported of every distribution that is judged, but for named ones', () => {
    const judged = knownDistributions.filter((id) => familyOf(id)?.isJudged === true);
    const undated = judged.filter((id) => familyOf(id)?.releases !== 'rolling' && !hasDate(id));
    expect(undated.sort()).toEqual(Object.keys(withoutDates).sort());
  });

  it.each([
    ['amzn', 'rpm'],
    ['bottlerocket', 'rpm'],
    ['centos', 'rpm'],
    ['fedora', 'rpm'],
    ['ol', 'rpm'],
    ['arch', 'pacman'],
  ])('knows the package manager of %s: %s, for which OSV has no ecosystem', (id, manager) => {
    expect(familyOf(id)).toMatchObject({ manager, isJudged: false });
  });

  it('goes by the file of the distribution itself where its parents left theirs', () => {
    const file = (id: string, source: FoundRelease['source']): FoundRelease => ({
      kind: 'release',
      source,
      id,
      versionId: '6',
      prettyName: id,
    });
    const files = [file('rhel', 'system-release'), file('ol', 'system-release')];
    expect(detectDistribution(files)?.id).toBe('ol');
    expect(detectDistribution([older('debian-version', '9.1'), file('ubuntu', 'lsb-release')])?.id).toBe(
      'ubuntu',
    );
  });
});

describe('releaseFilesDisagree()', () => {
  it('sees through an os-release that names another release than the older file', () => {
    expect(releaseFilesDisagree([osRelease('alpine', '3.22.0'), older('alpine-release', '3.4.0')])).toBe(
      true,
    );
    expect(releaseFilesDisagree([osRelease('debian', '13'), older('debian-version', '9.1')])).toBe(true);
    expect(releaseFilesDisagree([osRelease('debian', '13'), osRelease('alpine', '3.22')])).toBe(true);
    expect(releaseFilesDisagree([osRelease('debian', '13'), osRelease('debian', '12')])).toBe(true);
  });

  it('compares as much of the version as both files have', () => {
    const system = (id: string, versionId: string): FoundRelease => ({
      kind: 'release',
      source: 'system-release',
      id,
      versionId,
      prettyName: id,
    });
    expect(releaseFilesDisagree([osRelease('amzn', '2023'), system('amzn', '2023.3.20231218')])).toBe(false);
    expect(releaseFilesDisagree([osRelease('centos', '7'), system('centos', '7.9.2009')])).toBe(false);
    expect(releaseFilesDisagree([osRelease('ol', '8.8'), system('rhel', '8.8')])).toBe(false);
    expect(releaseFilesDisagree([osRelease('rhel', '9.3'), system('rhel', '7.9')])).toBe(true);
  });

  it('takes no offence at point releases, codenames and derivatives', () => {
    expect(releaseFilesDisagree([osRelease('alpine', '3.22.0'), older('alpine-release', '3.22.1')])).toBe(
      false,
    );
    expect(releaseFilesDisagree([osRelease('debian', '13'), older('debian-version', 'trixie/sid')])).toBe(
      false,
    );
    expect(releaseFilesDisagree([osRelease('ubuntu', '24.04'), older('debian-version', '9.1')])).toBe(false);
  });
});
