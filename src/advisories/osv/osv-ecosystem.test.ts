import { describe, expect, it } from 'vitest';
import { parseOsvEcosystem } from './osv-ecosystem.ts';

describe('parseOsvEcosystem()', () => {
  // Suffixes as the schema's table and the records of the distributions write them.
  it.each([
    ['AlmaLinux:9', '9'],
    ['Alpaquita:stream', 'stream'],
    ['Alpine:v3.20', 'v3.20'],
    ['Azure Linux:3', '3'],
    ['Azure Linux:3.0', '3', '3.0'],
    ['BellSoft Hardened Containers:23', '23'],
    ['Chainguard', ''],
    ['Debian:12', '12'],
    ['Echo', ''],
    ['Mageia:9', '9'],
    ['MinimOS', ''],
    ['openEuler:24.03-LTS-SP1', '24.03-LTS-SP1'],
    ['openSUSE:Leap 15.6', 'Leap 15.6'],
    ['openSUSE:openSUSE Leap 15.6', 'Leap 15.6', 'openSUSE Leap 15.6'],
    ['openSUSE:Tumbleweed', 'Tumbleweed'],
    ['Photon OS:3.0', '3.0'],
    ['Red Hat:enterprise_linux:9::baseos', '9', 'enterprise_linux:9::baseos'],
    ['Red Hat:enterprise_linux:10.0', '10', 'enterprise_linux:10.0'],
    ['Red Hat:rhel_eus:9.2::appstream', '9', 'rhel_eus:9.2::appstream'],
    ['Red Hat:enterprise_linux_eus:10.0', '10', 'enterprise_linux_eus:10.0'],
    ['Red Hat:rhel_e4s:9.0::nfv', '9', 'rhel_e4s:9.0::nfv'],
    ['Red Hat:rhel_els:7', '7', 'rhel_els:7'],
    ['Red Hat:rhel_software_collections:3::el7', '7', 'rhel_software_collections:3::el7'],
    ['Red Hat:openshift:4.12::el8', '8', 'openshift:4.12::el8'],
    ['Red Hat:service_mesh:1.1', 'service_mesh:1.1'],
    ['Rocky Linux:8', '8'],
    ['SUSE:Linux Enterprise Server 15 SP5', '15.5', 'Linux Enterprise Server 15 SP5'],
    ['SUSE:SUSE Linux Enterprise Server 15 SP5', '15.5', 'SUSE Linux Enterprise Server 15 SP5'],
    ['SUSE:Linux Enterprise Server 15 SP4-LTSS', '15.4', 'Linux Enterprise Server 15 SP4-LTSS'],
    [
      'SUSE:Linux Enterprise Module for Basesystem 15 SP6',
      '15.6',
      'Linux Enterprise Module for Basesystem 15 SP6',
    ],
    [
      'SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5',
      '12.5',
      'Linux Enterprise Server LTSS Extended Security 12 SP5',
    ],
    ['SUSE:Linux Enterprise Server 16.0', '16.0', 'Linux Enterprise Server 16.0'],
    ['SUSE:Linux Enterprise Server 15', '15', 'Linux Enterprise Server 15'],
    ['SUSE:Linux Enterprise Micro 5.5', '5.5', 'Linux Enterprise Micro 5.5'],
    ['SUSE:Linux Enterprise Micro for Rancher 5.2', '5.2', 'Linux Enterprise Micro for Rancher 5.2'],
    ['SUSE:Linux Micro 6.0', '6.0', 'Linux Micro 6.0'],
    [
      'SUSE:Linux Enterprise Module for Python 3 15 SP6',
      '15.6',
      'Linux Enterprise Module for Python 3 15 SP6',
    ],
    [
      'SUSE:Linux Enterprise High Performance Computing 15 SP3-ESPOS',
      '15.3',
      'Linux Enterprise High Performance Computing 15 SP3-ESPOS',
    ],
    [
      'SUSE:Linux Enterprise Server for SAP applications 16.0',
      '16.0',
      'Linux Enterprise Server for SAP applications 16.0',
    ],
    ['SUSE:Package Hub 15 SP6', '15.6', 'Package Hub 15 SP6'],
    // Modules of 12 are for each of its service packs.
    ['SUSE:Linux Enterprise Module for Containers 12', '', 'Linux Enterprise Module for Containers 12'],
    ['SUSE:Linux Enterprise Server 12', '12', 'Linux Enterprise Server 12'],
    ['SUSE:Manager Server 4.3', 'Manager Server 4.3'],
    ['Ubuntu:22.04:LTS', '22.04:LTS'],
    ['Ubuntu:23.10', '23.10'],
    ['Ubuntu:Pro:18.04:LTS', '18.04:LTS', 'Pro:18.04:LTS'],
    ['Ubuntu:Pro:FIPS-updates:20.04:LTS', '20.04:LTS', 'Pro:FIPS-updates:20.04:LTS'],
    ['Wolfi', ''],
    ['npm', ''],
    ['Packagist:https://packages.drupal.org/8', 'https://packages.drupal.org/8'],
  ])('takes %s for release "%s"', (text, release, product?: string) => {
    const [ecosystem] = text.split(':');
    expect(parseOsvEcosystem(text)).toEqual({
      ecosystem,
      release,
      ...(product === undefined ? {} : { product }),
    });
  });
});
