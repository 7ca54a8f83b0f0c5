import { PackageURL } from 'packageurl-js';
import { describe, expect, it } from 'vitest';
import type { Package } from '../report/package.ts';
import { packageUrl } from './package-url.ts';

function installed(ecosystem: string, name: string, version: string): Package {
  return { ecosystem, release: '', name, version, sourceName: name, sourceVersion: version, module: '' };
}

describe('packageUrl()', () => {
  const alpine = { id: 'alpine', versionId: '3.4.0', prettyName: 'Alpine Linux v3.4' };

  it('names packages of a distribution', () => {
    expect(packageUrl(installed('Alpine', 'musl', '1.1.14-r10'), alpine)).toBe(
      'pkg:apk/alpine/musl@1.1.14-r10?distro=alpine-3.4.0',
    );
    expect(packageUrl(installed('Debian', 'libc6', '2.36-9+deb12u4'))).toBe(
      'pkg:deb/debian/libc6@2.36-9+deb12u4',
    );
    const raspbian = { id: 'raspbian', versionId: '', prettyName: 'Raspbian' };
    expect(packageUrl(installed('deb', 'bash', '5'), raspbian)).toBe(
      'pkg:deb/raspbian/bash@5?distro=raspbian',
    );
  });

  it('names npm packages, scoped and of no known version', () => {
    expect(packageUrl(installed('npm', '@scope/a', '1.0.0'), alpine)).toBe('pkg:npm/%40scope/a@1.0.0');
    expect(packageUrl(installed('npm', 'lodash', ''))).toBe('pkg:npm/lodash');
  });

  it.each(['<script>', 'a?b#c', 'a/../b', 'fs', '_x', '.x', ' ', '…', '@', '%'])(
    'encodes the hostile name "%s"',
    (name) => {
      for (const ecosystem of ['npm', 'Alpine', 'deb', 'other']) {
        const url = packageUrl(installed(ecosystem, name, '1 "2"'));
        expect(url).toMatch(/^pkg:[a-z]+\/[A-Za-z0-9%._~:@/!*()'+-]+$/);
        expect(() => PackageURL.parseString(url)).not.toThrow();
      }
    },
  );
});
