import { describe, expect, test } from 'vitest';
import type { Finding } from '../../api/answers.ts';
import { fixAdviceOf } from './fix-advice.ts';

function finding(change: {
  id: string;
  name: string;
  fixedVersion: string | null;
  allowed?: boolean;
}): Finding {
  return {
    kind: 'vulnerability',
    id: change.id,
    aliases: [],
    severity: 'high',
    package: { ecosystem: 'Alpine', name: change.name, version: '1.0.2h-r0', purl: '' },
    place: { layerIndex: 0, layerDigest: '', path: 'lib/apk/db/installed', createdBy: null },
    fixedVersion: change.fixedVersion,
    fixState: change.fixedVersion === null ? 'not-fixed' : 'fixed',
    knownExploited: false,
    epss: null,
    firstSeenAt: '2026-11-21T12:00:00Z',
    record: `ALPINE-${change.id}`,
    undetermined: false,
    exempted: change.allowed === true ? { by: 'admin', reason: 'not reachable', expiresAt: null } : null,
    url: '',
  };
}

describe('fixAdviceOf()', () => {
  test('puts the upgrade that clears most first and keeps every fixed version', () => {
    const advice = fixAdviceOf([
      finding({ id: 'CVE-1', name: 'musl', fixedVersion: '1.1.14-r13' }),
      finding({ id: 'CVE-2', name: 'libssl1.0', fixedVersion: '1.0.2i-r0' }),
      finding({ id: 'CVE-3', name: 'libssl1.0', fixedVersion: '1.0.2k-r0' }),
    ]);
    expect(advice.map((line) => [line.packageName, line.findingCount, line.fixedVersions])).toEqual([
      ['libssl1.0', 2, ['1.0.2i-r0', '1.0.2k-r0']],
      ['musl', 1, ['1.1.14-r13']],
    ]);
  });

  test('leaves out what has no fix, and what is allowed', () => {
    expect(
      fixAdviceOf([
        finding({ id: 'CVE-1', name: 'zlib', fixedVersion: null }),
        finding({ id: 'CVE-2', name: 'musl', fixedVersion: '2', allowed: true }),
      ]),
    ).toEqual([]);
  });

  test('counts a vulnerability once, however many places it has', () => {
    const twice = finding({ id: 'CVE-1', name: 'lodash', fixedVersion: '4.17.21' });
    expect(fixAdviceOf([twice, twice])[0]?.findingCount).toBe(1);
  });
});
