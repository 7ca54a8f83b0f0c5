import { describe, expect, it } from 'vitest';
import type { AffectedPackage } from '../../matching/advisory.ts';
import { packageRatings, type RatedRecord } from './package-ratings.ts';

const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
const bare: RatedRecord = { id: 'X-1', vulnerabilities: ['X-1'], aliases: [], ratings: [] };
const says = (
  affected: Partial<AffectedPackage>,
  { ecosystem = 'Debian', record = bare }: { ecosystem?: string; record?: RatedRecord } = {},
) => packageRatings(record, { ecosystem, affected: { ranges: [], versions: [], ...affected } });

describe('packageRatings()', () => {
  it('are the distribution’s word of the package, and the record’s own', () => {
    const own = { source: 'cvss-v2', record: 'X-1', severity: 'high' } as const;
    expect(says({ urgency: 'unimportant' }, { record: { ...bare, ratings: [own] } })).toEqual([
      { source: 'vendor', record: 'X-1', severity: 'negligible' },
      own,
    ]);
    expect(says({ urgency: 'low**' })).toMatchObject([{ source: 'vendor', severity: 'low' }]);
    expect(says({ urgency: 'high' }, { ecosystem: 'npm' })).toMatchObject([{ source: 'ecosystem' }]);
  });

  it.each(['not yet assigned', 'end-of-life', 'undetermined'])('are none for Debian’s "%s"', (urgency) => {
    expect(says({ urgency })).toEqual([]);
  });

  it('read vectors and words of the package alone, as Bitnami and Ubuntu give them', () => {
    const severity = [
      { type: 'CVSS_V3', score: vector },
      { type: 'Ubuntu', score: 'medium' },
      { type: 'CVSS_V4', score: 'nonsense' },
    ];
    expect(says({ severity })).toEqual([
      { source: 'cvss-v3', record: 'X-1', severity: 'critical', score: 9.8, vector },
      { source: 'vendor', record: 'X-1', severity: 'medium' },
    ]);
  });

  it('call a crate that nobody maintains negligible, unless somebody knows of a flaw', () => {
    const rust = { ecosystem: 'crates.io' };
    const unmaintained = { informational: 'unmaintained' };
    expect(says(unmaintained, rust)).toEqual([
      { source: 'ecosystem', record: 'X-1', severity: 'negligible' },
    ]);
    expect(says(unmaintained, { ...rust, record: { ...bare, vulnerabilities: ['CVE-1'] } })).toEqual([]);
    expect(says(unmaintained, { ...rust, record: { ...bare, aliases: ['GHSA-1'] } })).toEqual([]);
    for (const informational of ['unsound', 'notice']) expect(says({ informational }, rust)).toEqual([]);
  });
});
