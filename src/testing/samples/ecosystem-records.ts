import type { MirrorRecord } from '../static-mirror.ts';

/*
 * What records of each distribution and language look like is taken from the OSV schema 1.7 ("Defined ecosystems"), from its
 * converter for Red Hat and from real records where the shared data has them; the flaws are made up.
 */

interface Said {
  readonly ecosystem: string;
  readonly name: string;
  readonly fixed?: string;
  readonly events?: readonly Readonly<Record<string, string>>[];
  readonly versions?: readonly string[];
  readonly type?: string;
}

function record(
  id: string,
  said: readonly Said[],
  more: Readonly<Record<string, unknown>> = {},
): MirrorRecord {
  return {
    id,
    modified: '2024-05-01T00:00:00Z',
    ...more,
    affected: said.map(({ ecosystem, name, fixed, events, versions = [], type = 'ECOSYSTEM' }) => ({
      package: { ecosystem, name },
      ranges:
        versions.length > 0 && events === undefined
          ? []
          : [{ type, events: events ?? [{ introduced: '0' }, ...(fixed === undefined ? [] : [{ fixed }])] }],
      versions,
    })),
  };
}

/** By folder of the mirror. */
export const ecosystemRecords: Readonly<Record<string, readonly MirrorRecord[]>> = {
  Ubuntu: [
    record(
      'UBUNTU-CVE-2024-0001',
      [
        { ecosystem: 'Ubuntu:22.04:LTS', name: 'openssl', fixed: '3.0.2-0ubuntu1.10' },
        { ecosystem: 'Ubuntu:Pro:FIPS-updates:22.04:LTS', name: 'openssl', fixed: '3.0.2-0ubuntu1.10+Fips1' },
        { ecosystem: 'Ubuntu:Pro:18.04:LTS', name: 'openssl', fixed: '1.1.1-1ubuntu2.1~18.04.23+esm4' },
        { ecosystem: 'Ubuntu:23.10', name: 'openssl', fixed: '3.0.10-1ubuntu2.1' },
      ],
      { upstream: ['CVE-2024-0001'] },
    ),
    record(
      'UBUNTU-CVE-2023-2163',
      [
        { ecosystem: 'Ubuntu:22.04:LTS', name: 'linux', fixed: '5.15.0-70.77' },
        { ecosystem: 'Ubuntu:20.04:LTS', name: 'linux-hwe-5.15', fixed: '5.15.0-70.77~20.04.1' },
      ],
      { upstream: ['CVE-2023-2163'] },
    ),
  ],
  'Rocky Linux': [
    record(
      'RLSA-2024:1',
      [{ ecosystem: 'Rocky Linux:8', name: 'nodejs', fixed: '1:18.19.1-1.module+el8.9.0+1+a' }],
      {
        summary: 'Important: nodejs:18 security update',
        related: ['CVE-2024-0001'],
      },
    ),
    record('RLSA-2024:2', [{ ecosystem: 'Rocky Linux:8', name: 'perl', fixed: '4:5.26.3-420.el8' }], {
      summary: 'Moderate: perl security update',
      related: ['CVE-2024-0002'],
    }),
    record('RLBA-2024:3', [{ ecosystem: 'Rocky Linux:8', name: 'tzdata', fixed: '2024a-1.el8' }]),
  ],
  'Red Hat': [
    record(
      'RHSA-2024:1',
      [
        { ecosystem: 'Red Hat:enterprise_linux:9::baseos', name: 'openssl', fixed: '1:3.0.7-25.el9_3' },
        { ecosystem: 'Red Hat:enterprise_linux:9::baseos', name: 'openssl-libs', fixed: '1:3.0.7-25.el9_3' },
      ],
      { upstream: ['CVE-2024-0001'], summary: 'Red Hat Security Advisory: openssl security update' },
    ),
    record(
      'RHSA-2024:2',
      [{ ecosystem: 'Red Hat:rhel_eus:9.2::baseos', name: 'openssl-libs', fixed: '1:3.0.7-20.el9_2' }],
      { upstream: ['CVE-2024-0001'] },
    ),
    record(
      'RHSA-2024:3',
      [{ ecosystem: 'Red Hat:openshift:4.12::el8', name: 'cri-o', fixed: '0:1.25.3-6.rhaos4.12.el8' }],
      {
        upstream: ['CVE-2024-0003'],
      },
    ),
    record('RHSA-2024:4', [{ ecosystem: 'Red Hat:rhel_els:7', name: 'bash', fixed: '0:4.2.46-36.el7_9' }], {
      upstream: ['CVE-2024-0004'],
    }),
  ],
  SUSE: [
    record(
      'SUSE-SU-2024:1-1',
      [
        {
          ecosystem: 'SUSE:Linux Enterprise Module for Basesystem 15 SP5',
          name: 'openssl-1_1',
          fixed: '1.1.1l-150500.17.28.2',
        },
        {
          ecosystem: 'SUSE:Linux Enterprise Server 15 SP4-LTSS',
          name: 'openssl-1_1',
          fixed: '1.1.1l-150400.7.66.2',
        },
        { ecosystem: 'SUSE:Linux Enterprise Micro 5.5', name: 'openssl-1_1', fixed: '1.1.1l-150500.17.28.2' },
        { ecosystem: 'openSUSE:Leap 15.5', name: 'openssl-1_1', fixed: '1.1.1l-150500.17.28.2' },
      ],
      { related: ['CVE-2024-0001'] },
    ),
    record(
      'SUSE-SU-2024:2-1',
      [
        {
          ecosystem: 'SUSE:Linux Enterprise Module for Basesystem 15 SP6',
          name: 'python-idna',
          fixed: '2.6-150000.3.3.1',
        },
      ],
      { related: ['CVE-2024-3651'] },
    ),
  ],
  openSUSE: [
    record(
      'openSUSE-SU-2024:1-1',
      [{ ecosystem: 'openSUSE:Tumbleweed', name: 'openssl-3', fixed: '3.1.4-9.1' }],
      {
        related: ['CVE-2024-0001'],
      },
    ),
  ],
  openEuler: [
    record(
      'OESA-2024-1',
      [{ ecosystem: 'openEuler:24.03-LTS-SP1', name: 'openssl', fixed: '3.0.12-9.oe2403sp1' }],
      {
        upstream: ['CVE-2024-0001'],
      },
    ),
  ],
  Mageia: [
    record('MGASA-2024-1', [{ ecosystem: 'Mageia:9', name: 'openssl', fixed: '3.0.13-1.mga9' }], {
      related: ['CVE-2024-0001'],
    }),
  ],
  'Photon OS': [
    record('PHSA-2024-4.0-1', [{ ecosystem: 'Photon OS:4.0', name: 'openssl', fixed: '3.0.13-1.ph4' }], {
      related: ['CVE-2024-0001'],
    }),
  ],
  'Azure Linux': [
    record('AZL-1', [{ ecosystem: 'Azure Linux:3', name: 'openssl', fixed: '3.3.0-2.azl3' }], {
      upstream: ['CVE-2024-0001'],
    }),
  ],
  AlmaLinux: [
    record('ALSA-2024:1', [{ ecosystem: 'AlmaLinux:9', name: 'openssl-libs', fixed: '1:3.0.7-25.el9_3' }], {
      related: ['CVE-2024-0001'],
    }),
  ],
  Alpaquita: [
    record('BELL-CVE-2024-0001', [
      { ecosystem: 'Alpaquita:stream', name: 'openssl', fixed: '3.2.1-r1' },
      { ecosystem: 'Alpaquita:23', name: 'openssl', fixed: '3.0.13-r0' },
      { ecosystem: 'BellSoft Hardened Containers:23', name: 'openssl', fixed: '3.0.13-r0' },
    ]),
  ],
  MinimOS: [
    record('MINI-1', [{ ecosystem: 'MinimOS', name: 'openssl', fixed: '3.2.1-r1' }], {
      upstream: ['CVE-2024-0001'],
    }),
  ],
  CleanStart: [
    record('CLEANSTART-1', [{ ecosystem: 'CleanStart', name: 'openssl', fixed: '3.2.1-r1' }], {
      upstream: ['CVE-2024-0001'],
    }),
  ],
  Chainguard: [
    record('CGA-1', [{ ecosystem: 'Chainguard', name: 'openssl', fixed: '3.2.1-r1' }], {
      upstream: ['CVE-2024-0001'],
    }),
  ],
  Echo: [
    record('ECHO-1', [{ ecosystem: 'Echo', name: 'openssl', fixed: '3.0.11-1~deb12u2+echo.1' }], {
      upstream: ['CVE-2024-0001'],
    }),
  ],
  Debian: [
    record('DEBIAN-CVE-2024-0001', [
      { ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.13-1~deb12u1' },
      { ecosystem: 'Debian:11', name: 'openssl', fixed: '1.1.1w-0+deb11u2' },
    ]),
    record('DSA-2024-9', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '9-1' }], {
      upstream: ['CVE-2024-0009'],
      withdrawn: '2024-06-01T00:00:00Z',
    }),
  ],
  Go: [
    record(
      'GO-2024-1',
      [
        {
          ecosystem: 'Go',
          name: 'stdlib',
          type: 'SEMVER',
          events: [
            { introduced: '0' },
            { fixed: '1.20.10' },
            { introduced: '1.21.0-0' },
            { fixed: '1.21.3' },
          ],
        },
      ],
      { aliases: ['CVE-2024-0001'] },
    ),
    record('GO-2024-2', [{ ecosystem: 'Go', name: 'toolchain', type: 'SEMVER', fixed: '1.21.3' }], {
      aliases: ['CVE-2024-0002'],
    }),
  ],
  PyPI: [
    record('PYSEC-2024-1', [{ ecosystem: 'PyPI', name: 'foo-bar', versions: ['1.0', '1.1'] }], {
      aliases: ['CVE-2024-0001', 'GHSA-aaaa-bbbb-cccc'],
      related: ['CVE-2024-0007'],
    }),
  ],
  NuGet: [
    record('GHSA-dddd-eeee-ffff', [
      {
        ecosystem: 'NuGet',
        name: 'Newtonsoft.Json',
        events: [{ introduced: '0' }, { last_affected: '12.0.3' }],
      },
    ]),
  ],
  Julia: [
    record('JLSEC-2024-1', [{ ecosystem: 'Julia', name: 'OpenSSL_jll', type: 'SEMVER', fixed: '3.0.13+1' }], {
      upstream: ['CVE-2024-0001'],
    }),
  ],
};
