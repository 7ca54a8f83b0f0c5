import { describe, expect, it } from 'vitest';
import type { FoundRelease } from '../found.ts';
import { detectDistribution, familyOf, releaseFilesDisagree } from './distribution.ts';

function osRelease(id: string, versionId: string, prettyName = id): FoundRelease {
  return { kind: 'release', source: 'os-release', id, versionId, prettyName };
}
function older(source: 'alpine-release' | 'debian-version', versionId: string): FoundRelease {
  const id = source === 'alpine-release' ? 'alpine' : 'debian';
  return { kind: 'release', source, id, versionId, prettyName: `${id} ${versionId}` };
}

describe('detectDistribution()', () => {
  it.each([
    ['alpine', '3.4.0', 'v3.4'],
    ['alpine', '3.22.1', 'v3.22'],
    ['alpine', '3.22', 'v3.22'],
    ['alpine', '3.21.0_rc1', 'v3.21'],
    ['alpine', '3.23_alpha20250612', 'edge'],
    ['debian', '12', '12'],
    ['debian', '7', '7'],
    ['debian', '12.11', '12'],
  ])('calls %s %s by the release that OSV writes: %s', (id, versionId, release) => {
    expect(detectDistribution([osRelease(id, versionId)])?.release).toBe(release);
  });

  it('tells edge by its name', () => {
    expect(detectDistribution([osRelease('alpine', '3.5.0', 'Alpine Linux edge')])?.release).toBe('edge');
  });

  it('goes by the older file where there is no os-release, or it names no version', () => {
    expect(detectDistribution([older('alpine-release', '3.1.4')])).toMatchObject({
      id: 'alpine',
      release: 'v3.1',
    });
    expect(detectDistribution([older('debian-version', '11.7'), osRelease('debian', '')])?.release).toBe(
      '11',
    );
  });

  it('has no release for Debian testing and for a version that makes no sense', () => {
    expect(detectDistribution([osRelease('debian', ''), older('debian-version', 'trixie/sid')])).toEqual({
      id: 'debian',
      versionId: 'trixie/sid',
      prettyName: 'debian',
    });
    expect(detectDistribution([osRelease('alpine', '3')])).not.toHaveProperty('release');
    expect(detectDistribution([osRelease('debian', '12abc')])).not.toHaveProperty('release');
  });

  it('has neither ecosystem nor release for a distribution that no feed is read for', () => {
    expect(detectDistribution([osRelease('fedora', '42')])).toEqual({
      id: 'fedora',
      versionId: '42',
      prettyName: 'fedora',
    });
    expect(detectDistribution([osRelease('constructor', '1')])).not.toHaveProperty('ecosystem');
    expect(familyOf('toString')).toBeUndefined();
  });

  it('knows nothing without a release file', () => {
    expect(detectDistribution([])).toBeUndefined();
  });

  it('knows the last day of support', () => {
    expect(detectDistribution([osRelease('alpine', '3.4.0')])?.endOfLifeOn).toBe('2018-05-01');
    expect(detectDistribution([osRelease('debian', '9')])?.endOfLifeOn).toBe('2022-06-30');
    expect(detectDistribution([osRelease('alpine', '3.99.0')])).not.toHaveProperty('endOfLifeOn');
  });
});

describe('releaseFilesDisagree()', () => {
  it('sees through an os-release that names another release than the older file', () => {
    expect(releaseFilesDisagree([osRelease('alpine', '3.22.0'), older('alpine-release', '3.4.0')])).toBe(
      true,
    );
    expect(releaseFilesDisagree([osRelease('debian', '13'), older('debian-version', '9.1')])).toBe(true);
    expect(releaseFilesDisagree([osRelease('debian', '13'), osRelease('alpine', '3.22')])).toBe(true);
    expect(releaseFilesDisagree([osRelease('debian', '13'), osRelease('debian', '12')])).toBe(true);
  });

  it('takes no offence at point releases, codenames and derivatives', () => {
    expect(releaseFilesDisagree([osRelease('alpine', '3.22.0'), older('alpine-release', '3.22.1')])).toBe(
      false,
    );
    expect(releaseFilesDisagree([osRelease('debian', '13'), older('debian-version', 'trixie/sid')])).toBe(
      false,
    );
    expect(releaseFilesDisagree([osRelease('ubuntu', '24.04'), older('debian-version', '9.1')])).toBe(false);
  });
});
