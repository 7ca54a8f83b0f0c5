import type { NamedRelease } from '../found.ts';

/**
 * Last day on which the distribution publishes security fixes for a release, to everybody: support that is paid for (ESM,
 * ELS, LTSS) is not counted. By `ID` of os-release. Releases that are missing have no date that could be looked up.
 *
 * Alpine: https://alpinelinux.org/releases/ ("End of support"). Debian: https://wiki.debian.org/LTS, because the feed
 * carries the advisories of long-term support (DLA) too; releases before 6 had none. Ubuntu: https://wiki.ubuntu.com/Releases
 * RHEL: https://access.redhat.com/support/policy/updates/errata ("Maintenance Support"). CentOS: https://wiki.centos.org/About/Product
 * and https://www.centos.org/cl-vs-cs/. AlmaLinux: https://wiki.almalinux.org/release-notes/ Rocky: https://wiki.rockylinux.org/rocky/version/
 * Oracle: https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf ("Premier Support", which names months: their last days)
 * Amazon: https://aws.amazon.com/amazon-linux-2/faqs/ and https://aws.amazon.com/linux/amazon-linux-2023/faqs/
 * Fedora: https://fedorapeople.org/groups/schedule/ SUSE: https://www.suse.com/lifecycle ("General Support")
 * openSUSE: https://en.opensuse.org/Lifetime Azure Linux: https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle
 * All but the first two as collected by https://endoflife.date.
 */
const lastDays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  alpine: {
    'v2.1': '2012-11-01',
    'v2.2': '2013-05-01',
    'v2.3': '2013-11-01',
    'v2.4': '2014-05-01',
    'v2.5': '2014-11-01',
    'v2.6': '2015-05-01',
    'v2.7': '2015-11-01',
    'v3.0': '2016-05-01',
    'v3.1': '2016-11-01',
    'v3.2': '2017-05-01',
    'v3.3': '2017-11-01',
    'v3.4': '2018-05-01',
    'v3.5': '2018-11-01',
    'v3.6': '2019-05-01',
    'v3.7': '2019-11-01',
    'v3.8': '2020-05-01',
    'v3.9': '2020-11-01',
    'v3.10': '2021-05-01',
    'v3.11': '2021-11-01',
    'v3.12': '2022-05-01',
    'v3.13': '2022-11-01',
    'v3.14': '2023-05-01',
    'v3.15': '2023-11-01',
    'v3.16': '2024-05-23',
    'v3.17': '2024-11-22',
    'v3.18': '2025-05-09',
    'v3.19': '2025-11-01',
    'v3.20': '2026-04-01',
    'v3.21': '2026-11-01',
    'v3.22': '2027-05-01',
    'v3.23': '2027-11-01',
  },
  debian: {
    '3': '2008-03-31',
    '4': '2010-02-15',
    '5': '2012-02-06',
    '6': '2016-02-29',
    '7': '2018-05-31',
    '8': '2020-06-30',
    '9': '2022-06-30',
    '10': '2024-06-30',
    '11': '2026-08-31',
    '12': '2028-06-30',
    '13': '2030-06-30',
  },
  ubuntu: {
    '14.04': '2019-04-02',
    '16.04': '2021-04-02',
    '18.04': '2023-05-31',
    '18.10': '2019-07-18',
    '19.04': '2020-01-23',
    '19.10': '2020-07-06',
    '20.04': '2025-05-31',
    '20.10': '2021-07-22',
    '21.04': '2022-01-20',
    '21.10': '2022-07-14',
    '22.04': '2027-04-01',
    '22.10': '2023-07-20',
    '23.04': '2024-01-20',
    '23.10': '2024-07-12',
    '24.04': '2029-05-31',
    '24.10': '2025-07-10',
    '25.04': '2026-01-17',
    '25.10': '2026-07-01',
    '26.04': '2031-04-30',
  },
  rhel: {
    '4': '2012-02-29',
    '5': '2017-03-31',
    '6': '2020-11-30',
    '7': '2024-06-30',
    '8': '2029-05-31',
    '9': '2032-05-31',
  },
  centos: { '5': '2017-03-31', '6': '2020-11-30', '7': '2024-06-30', '8': '2021-12-31' },
  'centos-stream': { '8': '2024-05-31', '9': '2027-05-31', '10': '2030-01-01' },
  almalinux: { '8': '2029-03-01', '9': '2032-05-31' },
  rocky: { '8': '2029-05-31', '9': '2032-05-31' },
  ol: { '6': '2021-03-31', '7': '2024-12-31', '8': '2029-07-31', '9': '2032-06-30' },
  amzn: { '2': '2026-06-30', '2023': '2029-06-30' },
  fedora: {
    '30': '2020-05-26',
    '31': '2020-11-24',
    '32': '2021-05-25',
    '33': '2021-11-30',
    '34': '2022-06-07',
    '35': '2022-12-13',
    '36': '2023-05-16',
    '37': '2023-12-05',
    '38': '2024-05-21',
    '39': '2024-11-26',
    '40': '2025-05-13',
    '41': '2025-12-15',
    '42': '2026-05-13',
    '43': '2026-12-09',
  },
  sles: {
    '11': '2010-12-31',
    '11.1': '2012-08-31',
    '11.2': '2014-01-31',
    '11.3': '2016-01-31',
    '11.4': '2019-03-31',
    '12': '2016-06-30',
    '12.1': '2017-05-31',
    '12.2': '2018-03-31',
    '12.3': '2019-06-30',
    '12.4': '2020-06-30',
    '12.5': '2024-10-31',
    '15': '2019-12-31',
    '15.1': '2021-01-31',
    '15.2': '2021-12-31',
    '15.3': '2022-12-31',
    '15.4': '2023-12-31',
    '15.5': '2024-12-31',
  },
  opensuse: { '13.1': '2016-02-03', '13.2': '2017-01-17' },
  'opensuse-leap': {
    '42.1': '2017-05-17',
    '42.2': '2018-01-26',
    '42.3': '2019-07-01',
    '15.0': '2019-12-03',
    '15.1': '2021-02-02',
    '15.2': '2022-01-04',
    '15.3': '2022-12-31',
    '15.4': '2023-12-07',
    '15.5': '2024-12-31',
    '15.6': '2026-04-30',
    '16.0': '2027-10-31',
  },
  mariner: { '1': '2023-08-31', '2': '2025-07-31' },
  azurelinux: { '3': '2027-08-31' },
};

/** `YYYY-MM-DD` in UTC, or undefined when the release is not in the table. */
export function endOfLifeOn({ id, prettyName }: NamedRelease, release: string): string | undefined {
  // Both call themselves `centos` and `8`.
  const key = id === 'centos' && /\bstream\b/i.test(prettyName) ? 'centos-stream' : id;
  return Object.hasOwn(lastDays, key) ? lastDays[key]?.[release] : undefined;
}

/** The last of all those days that is over, `YYYY-MM-DD`: while it is the same, so is what has ended. */
export function lastEndOfLife(now: Date): string {
  const today = now.toISOString().slice(0, 10);
  const days = Object.values(lastDays).flatMap((releases) => Object.values(releases));
  return days.reduce((last, day) => (day < today && day > last ? day : last), '');
}
