import { describe, expect, it } from 'vitest';
import { cvssRating, severityOfScore } from './cvss-rating.ts';

// Scores as FIRST's calculators give them: https://www.first.org/cvss/calculator/3-1, /4-0 and v2/guide §3.3.
const scored = [
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 'cvss-v3', 9.8, 'critical'],
  ['CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H', 'cvss-v3', 7.5, 'high'],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 'cvss-v3', 6.1, 'medium'],
  ['CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', 'cvss-v3', 1.6, 'low'],
  ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 'cvss-v3', 0, 'negligible'],
  ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 'cvss-v4', 9.3, 'critical'],
  ['AV:N/AC:L/Au:N/C:P/I:P/A:P', 'cvss-v2', 7.5, 'high'],
] as const;

describe('cvssRating()', () => {
  it.each(scored)('scores %s', (vector, source, score, severity) => {
    expect(cvssRating({ record: 'CVE-2024-1', vector })).toEqual({
      source,
      record: 'CVE-2024-1',
      severity,
      score,
      vector,
    });
  });

  it('takes the base score where temporal or threat metrics lower it', () => {
    const v3 = 'CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O';
    const v4 = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:P';
    expect(cvssRating({ record: 'x', vector: v3 })?.score).toBe(9.8);
    expect(cvssRating({ record: 'x', vector: v4 })?.score).toBe(9.3);
  });

  it.each([
    ['no vector at all', 'garbage'],
    ['an unknown metric value', 'CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
    ['a missing base metric', 'CVSS:3.1/AV:N/AC:L'],
    ['only a version', 'CVSS:3.1/'],
    ['a repeated metric', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/AV:L'],
    ['an empty text', ''],
    ['a text without end', `CVSS:3.1/${'A'.repeat(10_000)}`],
  ])('rates nothing for %s', (_condition, vector) => {
    expect(cvssRating({ record: 'x', vector })).toBeUndefined();
  });
});

describe('severityOfScore()', () => {
  // CVSS 3.1 §5, table 14.
  it.each([
    [0.1, 'low'],
    [3.9, 'low'],
    [4, 'medium'],
    [6.9, 'medium'],
    [7, 'high'],
    [8.9, 'high'],
    [9, 'critical'],
    [10, 'critical'],
  ] as const)('calls %d of CVSS 3 %s', (score, severity) => {
    expect(severityOfScore('cvss-v3', score)).toBe(severity);
  });

  it('knows no critical in CVSS 2', () => {
    expect(severityOfScore('cvss-v2', 10)).toBe('high');
  });
});
