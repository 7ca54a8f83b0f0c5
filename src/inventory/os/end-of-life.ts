/**
 * Last day on which the distribution publishes security fixes for a release.
 * Alpine: https://alpinelinux.org/releases/ ("End of support"). Debian: https://wiki.debian.org/LTS, because the feed
 * carries the advisories of long-term support (DLA) too; releases before 6 had none.
 */
const lastDays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Alpine: {
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
  Debian: {
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
};

/** `YYYY-MM-DD` in UTC, or undefined when the release is not in the table. */
export function endOfLifeOn(ecosystem: string, release: string): string | undefined {
  return lastDays[ecosystem]?.[release];
}
