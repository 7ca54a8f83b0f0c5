import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCandidates } from '../advisories/candidates.ts';
import { syncAdvisories } from '../advisories/feeds/sync-advisories.ts';
import { advisedNames } from '../matching/installed-as.ts';
import type { Package } from '../report/package.ts';
import { ecosystemRecords } from '../testing/samples/ecosystem-records.ts';
import { StaticMirror } from '../testing/static-mirror.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { explainFindings } from './matches/explain-findings.ts';
import { matchPackage } from './matches/match-package.ts';

type Installed = readonly [
  ecosystem: string,
  release: string,
  name: string,
  version: string,
  more?: Partial<Package>,
];

function packageOf([ecosystem, release, name, version, more = {}]: Installed): Package {
  return { ecosystem, release, name, version, sourceName: name, sourceVersion: version, module: '', ...more };
}

const ofOpenssl = (sourceVersion: string): Partial<Package> => ({ sourceName: 'openssl', sourceVersion });
const fips: Partial<Package> = ofOpenssl('3.0.2-0ubuntu1.9+Fips1');
const nodejs = { sourceName: 'nodejs', sourceVersion: '1:18.18.2-2.module+el8.9.0+1+b', module: 'nodejs:18' };
const npmVersion = '1:9.8.1-1.18.18.2.2.module+el8.9.0+1+b';

describe('advisories of every distribution and language', () => {
  let database: TemporaryDatabase;
  const mirror = new StaticMirror();

  beforeAll(async () => {
    const root = await mirror.start();
    mirror.set('/ecosystems.txt', `${Object.keys(ecosystemRecords).join('\n')}\n`);
    for (const [folder, own] of Object.entries(ecosystemRecords)) mirror.setFolder(folder, own);
    database = await createTemporaryDatabase();
    const now = () => new Date('2026-08-22T00:00:00Z');
    const { feeds } = await syncAdvisories({ connection: database, sources: { roots: [root] }, now });
    expect(feeds.filter(({ kind, skipped }) => kind !== 'updated' || skipped > 0)).toEqual([]);
  });
  afterAll(async () => {
    await database.drop();
    await mirror.stop();
  });

  async function foundIn(installed: Package): Promise<readonly string[]> {
    const { ecosystem } = installed;
    const candidates = await readCandidates(database.db, { ecosystem, names: advisedNames(installed) });
    return matchPackage({ package: installed, candidates, ratings: new Map() }).map(
      ({ id, record: by, fixedVersion, undetermined }) =>
        `${id} by ${by}${undetermined ? ', perhaps' : ''}, ${fixedVersion ?? 'no fix'}`,
    );
  }

  it.each<readonly [Installed, string]>([
    [
      ['Ubuntu', '22.04:LTS', 'libssl3', '3.0.2-0ubuntu1.9', ofOpenssl('3.0.2-0ubuntu1.9')],
      'CVE-2024-0001 by UBUNTU-CVE-2024-0001, 3.0.2-0ubuntu1.10',
    ],
    [
      ['Ubuntu', '23.10', 'openssl', '3.0.10-1ubuntu2'],
      'CVE-2024-0001 by UBUNTU-CVE-2024-0001, 3.0.10-1ubuntu2.1',
    ],
    [
      ['Ubuntu', '22.04:LTS', 'libssl3', '3.0.2-0ubuntu1.9+Fips1', fips],
      'CVE-2024-0001 by UBUNTU-CVE-2024-0001, 3.0.2-0ubuntu1.10+Fips1',
    ],
    // Whoever has no subscription is affected, and has no fix.
    [
      ['Ubuntu', '18.04:LTS', 'openssl', '1.1.1-1ubuntu2.1~18.04.23'],
      'CVE-2024-0001 by UBUNTU-CVE-2024-0001, no fix',
    ],
    [
      ['Ubuntu', '18.04:LTS', 'openssl', '1.1.1-1ubuntu2.1~18.04.23+esm3'],
      'CVE-2024-0001 by UBUNTU-CVE-2024-0001, 1.1.1-1ubuntu2.1~18.04.23+esm4',
    ],
    [
      ['Rocky Linux', '8', 'npm', npmVersion, nodejs],
      'CVE-2024-0001 by RLSA-2024:1, 1:18.19.1-1.module+el8.9.0+1+a',
    ],
    [
      ['Rocky Linux', '8', 'npm', npmVersion, { ...nodejs, module: '' }],
      'CVE-2024-0001 by RLSA-2024:1, perhaps, no fix',
    ],
    [
      [
        'Rocky Linux',
        '8',
        'perl-Errno',
        '1.28-419.el8',
        { sourceName: 'perl', sourceVersion: '5.26.3-419.el8' },
      ],
      'CVE-2024-0002 by RLSA-2024:2, 4:5.26.3-420.el8',
    ],
    [
      ['Red Hat', '9', 'openssl-libs', '1:3.0.7-18.el9_2', ofOpenssl('1:3.0.7-18.el9_2')],
      'CVE-2024-0001 by RHSA-2024:1, 1:3.0.7-25.el9_3',
    ],
    // A subpackage that the advisory does not name, by its source.
    [
      ['Red Hat', '9', 'openssl-perl', '1:3.0.7-18.el9_2', ofOpenssl('1:3.0.7-18.el9_2')],
      'CVE-2024-0001 by RHSA-2024:1, 1:3.0.7-25.el9_3',
    ],
    [
      ['Red Hat', '9', 'openssl-libs', '1:3.0.7-20.el9_2', ofOpenssl('1:3.0.7-20.el9_2')],
      'CVE-2024-0001 by RHSA-2024:1, perhaps, no fix',
    ],
    [
      ['Red Hat', '8', 'cri-o', '1.25.3-5.rhaos4.12.el8'],
      'CVE-2024-0003 by RHSA-2024:3, 0:1.25.3-6.rhaos4.12.el8',
    ],
    [['Red Hat', '7', 'bash', '4.2.46-35.el7_9'], 'CVE-2024-0004 by RHSA-2024:4, no fix'],
    [
      [
        'SUSE',
        '15.5',
        'libopenssl1_1',
        '1.1.1l-150500.17.25.1',
        { sourceName: 'openssl-1_1', sourceVersion: '1.1.1l-150500.17.25.1' },
      ],
      'CVE-2024-0001 by SUSE-SU-2024:1-1, 1.1.1l-150500.17.28.2',
    ],
    [
      ['SUSE', '15.4', 'openssl-1_1', '1.1.1l-150400.7.60.2'],
      'CVE-2024-0001 by SUSE-SU-2024:1-1, 1.1.1l-150400.7.66.2',
    ],
    [
      ['SUSE', '5.5', 'openssl-1_1', '1.1.1l-150500.17.25.1'],
      'CVE-2024-0001 by SUSE-SU-2024:1-1, 1.1.1l-150500.17.28.2',
    ],
    [
      ['openSUSE', 'Leap 15.5', 'openssl-1_1', '1.1.1l-150500.17.25.1'],
      'CVE-2024-0001 by SUSE-SU-2024:1-1, 1.1.1l-150500.17.28.2',
    ],
    [
      ['openSUSE', 'Tumbleweed', 'openssl-3', '3.1.4-8.1'],
      'CVE-2024-0001 by openSUSE-SU-2024:1-1, 3.1.4-9.1',
    ],
    [
      ['openEuler', '24.03-LTS-SP1', 'openssl-libs', '1:3.0.12-8.oe2403sp1', ofOpenssl('3.0.12-8.oe2403sp1')],
      'CVE-2024-0001 by OESA-2024-1, 3.0.12-9.oe2403sp1',
    ],
    [
      ['Mageia', '9', 'lib64openssl3', '3.0.12-1.mga9', ofOpenssl('3.0.12-1.mga9')],
      'CVE-2024-0001 by MGASA-2024-1, 3.0.13-1.mga9',
    ],
    [['Photon OS', '4.0', 'openssl', '3.0.12-1.ph4'], 'CVE-2024-0001 by PHSA-2024-4.0-1, 3.0.13-1.ph4'],
    [
      ['Photon OS', '4.0', 'openssl-libs', '3.0.12-1.ph4', ofOpenssl('3.0.12-1.ph4')],
      'CVE-2024-0001 by PHSA-2024-4.0-1, 3.0.13-1.ph4',
    ],
    [
      ['Azure Linux', '3', 'openssl-libs', '3.3.0-1.azl3', ofOpenssl('3.3.0-1.azl3')],
      'CVE-2024-0001 by AZL-1, 3.3.0-2.azl3',
    ],
    [
      ['AlmaLinux', '9', 'openssl-libs', '1:3.0.7-24.el9', ofOpenssl('1:3.0.7-24.el9')],
      'CVE-2024-0001 by ALSA-2024:1, 1:3.0.7-25.el9_3',
    ],
    [
      ['Alpaquita', 'stream', 'libssl3', '3.2.1-r0', ofOpenssl('3.2.1-r0')],
      'CVE-2024-0001 by BELL-CVE-2024-0001, 3.2.1-r1',
    ],
    [
      ['BellSoft Hardened Containers', '23', 'openssl', '3.0.12-r4'],
      'CVE-2024-0001 by BELL-CVE-2024-0001, 3.0.13-r0',
    ],
    [['MinimOS', '', 'libssl3', '3.2.1-r0', ofOpenssl('3.2.1-r0')], 'CVE-2024-0001 by MINI-1, 3.2.1-r1'],
    [['CleanStart', '', 'openssl', '3.2.1-r0'], 'CVE-2024-0001 by CLEANSTART-1, 3.2.1-r1'],
    [['Chainguard', '', 'openssl', '3.2.1-r0'], 'CVE-2024-0001 by CGA-1, 3.2.1-r1'],
    [
      ['Echo', '', 'libssl3', '3.0.11-1~deb12u2', ofOpenssl('3.0.11-1~deb12u2')],
      'CVE-2024-0001 by ECHO-1, 3.0.11-1~deb12u2+echo.1',
    ],
    [
      ['Debian', '12', 'libssl3', '3.0.11-1~deb12u2', ofOpenssl('3.0.11-1~deb12u2')],
      'CVE-2024-0001 by DEBIAN-CVE-2024-0001, 3.0.13-1~deb12u1',
    ],
    [['Go', '', 'stdlib', '1.21.2'], 'CVE-2024-0001 by GO-2024-1, 1.21.3'],
    [['Go', '', 'stdlib', '1.21.0-rc.2'], 'CVE-2024-0001 by GO-2024-1, 1.21.3'],
    [['PyPI', '', 'Foo_Bar', '1.1.0'], 'CVE-2024-0001 by PYSEC-2024-1, no fix'],
    [['NuGet', '', 'newtonsoft.json', '12.0.3'], 'GHSA-dddd-eeee-ffff by GHSA-dddd-eeee-ffff, no fix'],
    [['Julia', '', 'OpenSSL_jll', '3.0.13+0'], 'CVE-2024-0001 by JLSEC-2024-1, 3.0.13+1'],
  ])('%j has %s', async (installed, expected) => {
    expect(await foundIn(packageOf(installed))).toEqual([expected]);
  });

  it.each<readonly [string, Installed]>([
    ['the fix', ['Ubuntu', '22.04:LTS', 'openssl', '3.0.2-0ubuntu1.10']],
    ['the subscribers’ fix', ['Ubuntu', '18.04:LTS', 'openssl', '1.1.1-1ubuntu2.1~18.04.23+esm4']],
    ['the FIPS fix', ['Ubuntu', '22.04:LTS', 'openssl', '3.0.2-0ubuntu1.10+Fips1']],
    ['another release', ['Ubuntu', '24.04:LTS', 'openssl', '3.0.2-0ubuntu1.9']],
    ['another module stream', ['Rocky Linux', '8', 'npm', npmVersion, { ...nodejs, module: 'nodejs:16' }]],
    ['another major release', ['Rocky Linux', '9', 'perl', '4:5.26.3-419.el8']],
    ['a notice about no vulnerability', ['Rocky Linux', '8', 'tzdata', '2023a-1.el8']],
    ['the fix', ['Red Hat', '9', 'openssl-libs', '1:3.0.7-25.el9_3', ofOpenssl('1:3.0.7-25.el9_3')]],
    ['another product', ['Red Hat', '8', 'cri-o', '1.20.0-1.el8']],
    ['another version of a product', ['Red Hat', '8', 'cri-o', '1.24.3-5.rhaos4.11.el8']],
    // grype#2812, #3288: upstream's fix is 3.7.
    [
      'a backported fix of a Python package',
      [
        'SUSE',
        '15.6',
        'python3-idna',
        '2.6-150000.3.3.1',
        { sourceName: 'python-idna', sourceVersion: '2.6-150000.3.3.1' },
      ],
    ],
    // anchore/grype PR 3129: by NVD's ranges 5,194 of them in one image.
    [
      'a kernel with the fix',
      [
        'Ubuntu',
        '22.04:LTS',
        'linux-modules-5.15.0-164-generic',
        '5.15.0-164.174',
        { sourceName: 'linux', sourceVersion: '5.15.0-164.174' },
      ],
    ],
    ['another service pack', ['SUSE', '15.6', 'openssl-1_1', '1.1.1l-150500.17.25.1']],
    ['another release', ['openSUSE', 'Leap 15.6', 'openssl-1_1', '1.1.1l-150500.17.25.1']],
    ['another service pack', ['openEuler', '24.03-LTS', 'openssl', '3.0.12-8.oe2403']],
    ['another release', ['Photon OS', '5.0', 'openssl', '3.0.12-1.ph5']],
    ['another release', ['Alpaquita', '25', 'openssl', '3.0.12-r0']],
    ['a backported fix', ['Debian', '11', 'openssl', '1.1.1w-0+deb11u2']],
    ['a withdrawn record', ['Debian', '12', 'openssl', '3.0.13-1~deb12u1']],
    ['the first fixed branch', ['Go', '', 'stdlib', '1.20.10']],
    ['a version that is not listed', ['PyPI', '', 'foo.bar', '1.2']],
    ['a version after the last affected', ['NuGet', '', 'Newtonsoft.Json', '13.0.1']],
    ['another name', ['npm', '', 'newtonsoft.json', '12.0.3']],
  ])('%s: not affected', async (_why, installed) => {
    expect(await foundIn(packageOf(installed))).toEqual([]);
  });

  it('tells why it cannot tell, and which statement decided', async () => {
    const asked: readonly Installed[] = [
      ['Red Hat', '9', 'openssl-libs', '1:3.0.7-20.el9_2', ofOpenssl('1:3.0.7-20.el9_2')],
      ['Ubuntu', '18.04:LTS', 'openssl', '1.1.1-1ubuntu2.1~18.04.23'],
      ['PyPI', '', 'Foo_Bar', '1.1.0'],
    ];
    const findings = asked.map((installed) => ({
      package: packageOf(installed),
      vulnerabilityId: 'CVE-2024-0001',
    }));
    expect(await explainFindings(database.db, findings)).toEqual([
      [
        {
          record: 'RHSA-2024:1',
          ecosystem: 'Red Hat:enterprise_linux:9::baseos',
          packageName: 'openssl-libs',
          installedVersion: '1:3.0.7-20.el9_2',
          range: [{ introduced: '0' }, { fixed: '1:3.0.7-25.el9_3' }],
          doubt: 'it is fixed in the minor release el9_2, of which the package may be a build',
        },
      ],
      [
        {
          record: 'UBUNTU-CVE-2024-0001',
          ecosystem: 'Ubuntu:Pro:18.04:LTS',
          packageName: 'openssl',
          installedVersion: '1.1.1-1ubuntu2.1~18.04.23',
          range: [{ introduced: '0' }, { fixed: '1.1.1-1ubuntu2.1~18.04.23+esm4' }],
        },
      ],
      [
        {
          record: 'PYSEC-2024-1',
          ecosystem: 'PyPI',
          packageName: 'foo-bar',
          installedVersion: '1.1.0',
          listedVersion: '1.1',
        },
      ],
    ]);
  });
});
