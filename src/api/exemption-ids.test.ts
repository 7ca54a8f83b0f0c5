import { expect, test } from 'vitest';
import { parseExemptionIds } from './exemption-ids.ts';

test.each([
  'CVE-2024-1234',
  'CVE-2024-1234567',
  'GHSA-2222-3333-4444',
  'ALPINE-CVE-2016-2148',
  'DEBIAN-CVE-2020-1234',
  'UBUNTU-CVE-2020-1234',
  'DSA-1234-1',
  'DLA-77-1',
  'USN-4012-1',
  'RHSA-2020:1234',
  'ALSA-2022:0001',
  'SUSE-SU-2020:1234-1',
  'GO-2020-0001',
  'PYSEC-2021-12',
  'RUSTSEC-2020-0001',
  'MAL-2022-1',
  'BIT-NODE-2020-1234',
  'CGA-2222-3333-4444',
  'X_INTERNAL-1',
])('parseExemptionIds() takes %s in any case', (id) => {
  expect(parseExemptionIds([id])).toEqual({ ids: [id], malformed: [] });
  expect(parseExemptionIds([` ${id.toLowerCase()}\n`])).toEqual({ ids: [id], malformed: [] });
});

test.each([
  'CVE-1',
  'CVE-2024-123',
  'CVE-2024-12345x',
  'CVE_2024_1234',
  'CVE-2024-1234-CVE-2024-1235',
  'GHSA-aaaa-bbbb-cccc',
  'GHSA-2222-3333',
  'DSA-',
  'RHSA-2020',
  '*',
  'foo',
  'FOO-2024-1',
  'x_',
  `CVE-2024-${'1'.repeat(200)}`,
])('parseExemptionIds() refuses %s', (id) => {
  expect(parseExemptionIds([id, 'CVE-2024-1234'])).toEqual({
    ids: ['CVE-2024-1234'],
    malformed: [id.slice(0, 100)],
  });
});

test('parseExemptionIds() reads lists in lists and gives each id once', () => {
  const texts = ['CVE-2024-1111,CVE-2024-2222\r\nCVE-2024-1111', ' ', '', 'cve-2024-3333;cve-2024-2222'];
  expect(parseExemptionIds(texts).ids).toEqual(['CVE-2024-1111', 'CVE-2024-2222', 'CVE-2024-3333']);
});
