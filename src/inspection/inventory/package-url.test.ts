import { PackageURL } from 'packageurl-js';
import { describe, expect, it } from 'vitest';
import type { Package } from '../../report/package.ts';
import { packageUrl, placedPackageUrl, urlsOfPackages } from './package-url.ts';

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

  // package-url/purl-spec, types/*-definition.json.
  it.each([
    ['PyPI', 'Typing_Extensions', '4.1.0', 'pkg:pypi/typing-extensions@4.1.0'],
    [
      'Maven',
      'org.apache.commons:commons-lang3',
      '3.12.0',
      'pkg:maven/org.apache.commons/commons-lang3@3.12.0',
    ],
    ['Maven', 'ant', '1.10', 'pkg:maven/ant@1.10'],
    ['Go', 'github.com/Masterminds/semver/v3', '3.2.1', 'pkg:golang/github.com/masterminds/semver/v3@v3.2.1'],
    ['Go', 'stdlib', '1.22.3', 'pkg:golang/stdlib@1.22.3'],
    ['crates.io', 'rand_core', '0.6.4', 'pkg:cargo/rand_core@0.6.4'],
    ['RubyGems', 'RedCloth', '4.3.2', 'pkg:gem/RedCloth@4.3.2'],
    ['Packagist', 'Symfony/HTTP-Kernel', '6.0', 'pkg:composer/symfony/http-kernel@6.0'],
    ['NuGet', 'Newtonsoft.Json', '13.0.1', 'pkg:nuget/Newtonsoft.Json@13.0.1'],
    ['Pub', 'Characters-X', '1.2.0', 'pkg:pub/characters_x@1.2.0'],
    ['Hex', 'Jason', '1.1.2', 'pkg:hex/jason@1.1.2'],
    ['SwiftURL', 'github.com/Alamofire/Alamofire', '5.4.3', 'pkg:swift/github.com/Alamofire/Alamofire@5.4.3'],
    ['ConanCenter', 'openssl', '3.0.3', 'pkg:conan/openssl@3.0.3'],
    ['CRAN', 'A3', '1.0.0', 'pkg:cran/A3@1.0.0'],
    ['CRAN', 'A3', '', 'pkg:cran/A3'],
    ['Julia', 'JSON', '0.21.4', 'pkg:julia/JSON@0.21.4'],
    ['Hackage', 'aeson', '2.1.2.1', 'pkg:hackage/aeson@2.1.2.1'],
    ['Bitnami', 'Redis', '7.2.4', 'pkg:bitnami/redis@7.2.4'],
    ['generic', 'nginx', '1.25.3', 'pkg:generic/nginx@1.25.3'],
  ])('names %s packages: %s %s as %s, whatever the distribution', (ecosystem, name, version, url) => {
    expect(packageUrl(installed(ecosystem, name, version), alpine)).toBe(url);
    expect(() => PackageURL.parseString(url)).not.toThrow();
  });

  it('names packages of rpm and pacman: the epoch of an rpm apart, namespaces as the types state them', () => {
    const rhel = { id: 'rhel', versionId: '9.3', prettyName: 'Red Hat Enterprise Linux 9.3' };
    expect(packageUrl(installed('Red Hat', 'openssl-libs', '1:3.0.7-25.el9_3'), rhel)).toBe(
      'pkg:rpm/redhat/openssl-libs@3.0.7-25.el9_3?distro=rhel-9.3&epoch=1',
    );
    const mariner = { id: 'mariner', versionId: '2.0', prettyName: 'CBL-Mariner 2.0' };
    expect(packageUrl(installed('Azure Linux', 'glibc', '2.35-1.cm2'), mariner)).toBe(
      'pkg:rpm/mariner/glibc@2.35-1.cm2?distro=mariner-2.0',
    );
    expect(packageUrl(installed('rpm', 'bash', '5.1-1'))).toBe('pkg:rpm/bash@5.1-1');
    const arch = { id: 'arch', versionId: '', prettyName: 'Arch Linux' };
    expect(packageUrl(installed('alpm', 'pacman', '1:6.0.1-1'), arch)).toBe(
      'pkg:alpm/arch/pacman@1:6.0.1-1?distro=arch',
    );
  });

  it('names the architecture of packages of a distribution', () => {
    expect(packageUrl(installed('Alpine', 'musl', '1.1.14-r10'), alpine, 'x86_64')).toBe(
      'pkg:apk/alpine/musl@1.1.14-r10?arch=x86_64&distro=alpine-3.4.0',
    );
    const rhel = { id: 'rhel', versionId: '9.3', prettyName: 'Red Hat Enterprise Linux 9.3' };
    expect(packageUrl(installed('Red Hat', 'bind', '32:9.16.23-14.el9'), rhel, 'aarch64')).toBe(
      'pkg:rpm/redhat/bind@9.16.23-14.el9?arch=aarch64&distro=rhel-9.3&epoch=32',
    );
  });

  it.each(['<script>', 'a?b#c', 'a/../b', 'fs', '_x', '.x', ' ', '…', '@', '%'])(
    'encodes the hostile name "%s"',
    (name) => {
      for (const ecosystem of ['npm', 'Alpine', 'deb', 'rpm', 'Maven', 'Go', 'SwiftURL', 'other']) {
        const url = packageUrl(installed(ecosystem, name, '1 "2"'));
        expect(url).toMatch(/^pkg:[a-z]+\/[A-Za-z0-9%._~:@/!*()'+-]+$/);
        expect(() => PackageURL.parseString(url)).not.toThrow();
      }
    },
  );
});

describe('urlsOfPackages()', () => {
  const place = { layerDigest: '', layerIndex: 0, path: 'var/lib/dpkg/status' };
  const libc = { package: installed('Debian', 'libc6', '2.36-9'), place, ownedByDistribution: false };

  it('lists a package once per architecture, and once where none is recorded', () => {
    const packages = [{ ...libc, architectures: ['amd64', 'i386'] }, libc];
    expect(urlsOfPackages(packages).map(({ purl }) => purl)).toEqual([
      'pkg:deb/debian/libc6@2.36-9?arch=amd64',
      'pkg:deb/debian/libc6@2.36-9?arch=i386',
      'pkg:deb/debian/libc6@2.36-9',
    ]);
    expect(packages.map((placed) => placedPackageUrl(placed))).toEqual([
      'pkg:deb/debian/libc6@2.36-9?arch=amd64',
      'pkg:deb/debian/libc6@2.36-9',
    ]);
  });
});
