import { describe, expect, it } from 'vitest';
import type { VulnerabilityFact } from '../../report/finding.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import { adviseUpgrades } from './upgrade-advice.ts';

function vulnerability(id: string, change: Partial<VulnerabilityFact>): VulnerabilityFact {
  return {
    id,
    aliases: [],
    record: `ALPINE-${id}`,
    severity: 'medium',
    fixState: 'fixed',
    knownExploited: false,
    firstSeenAt: new Date('2026-01-01T00:00:00Z'),
    undetermined: false,
    ...change,
  };
}

function installed(
  name: string,
  version: string,
  ...vulnerabilities: readonly VulnerabilityFact[]
): PackageFacts {
  return { packageId: 1, ecosystem: 'Alpine', name, version, vulnerabilities };
}

describe('adviseUpgrades()', () => {
  it('names the one version that clears all fixable findings of a package, by the order of its ecosystem', () => {
    const [advice] = adviseUpgrades([
      installed(
        'libcrypto1.0',
        '1.0.2h-r1',
        vulnerability('CVE-1', { fixedVersion: '1.0.2k-r0', severity: 'high' }),
        vulnerability('CVE-2', { fixedVersion: '1.0.2h-r10' }),
        vulnerability('CVE-3', { fixedVersion: '1.0.2h-r4', severity: 'critical' }),
        vulnerability('CVE-4', {}),
      ),
    ]);
    expect(advice).toEqual({
      ecosystem: 'Alpine',
      packageName: 'libcrypto1.0',
      installedVersion: '1.0.2h-r1',
      version: '1.0.2k-r0',
      clears: 3,
      clearsHighOrWorse: 2,
    });
  });

  it('never advises an older or the same version, one that cannot be compared, or a fix of what is only undetermined', () => {
    const advice = adviseUpgrades([
      installed('older', '2.0-r0', vulnerability('CVE-1', { fixedVersion: '1.9-r9' })),
      installed('same', '2.0-r0', vulnerability('CVE-2', { fixedVersion: '2.0-r0' })),
      installed('odd', '2.0-r0', vulnerability('CVE-3', { fixedVersion: 'no version at all' })),
      installed('unsure', '2.0-r0', vulnerability('CVE-4', { fixedVersion: '3.0-r0', undetermined: true })),
    ]);
    expect(advice).toEqual([]);
  });

  it('puts first what clears most of high or worse, then what clears most', () => {
    const advice = adviseUpgrades([
      installed(
        'many',
        '1-r0',
        vulnerability('CVE-1', { fixedVersion: '2-r0' }),
        vulnerability('CVE-2', { fixedVersion: '2-r0' }),
      ),
      installed('grave', '1-r0', vulnerability('CVE-3', { fixedVersion: '2-r0', severity: 'critical' })),
      installed('few', '1-r0', vulnerability('CVE-4', { fixedVersion: '2-r0' })),
    ]);
    expect(advice.map(({ packageName }) => packageName)).toEqual(['grave', 'many', 'few']);
  });

  it('compares a fix with the source that it is a version of, where the package is numbered otherwise', () => {
    const bsdutils: PackageFacts = {
      ...installed('bsdutils', '1:2.36.1-8', vulnerability('CVE-1', { fixedVersion: '2.36.1-8+deb11u1' })),
      ecosystem: 'Debian',
      source: { name: 'util-linux', version: '2.36.1-8' },
    };
    expect(adviseUpgrades([bsdutils])).toMatchObject([
      { packageName: 'bsdutils', version: '2.36.1-8+deb11u1', source: { name: 'util-linux' }, clears: 1 },
    ]);
  });
});
