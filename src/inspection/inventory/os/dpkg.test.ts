import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dpkgExtractor } from './dpkg.ts';

function extract(text: string, path = 'var/lib/dpkg/status') {
  return dpkgExtractor.extract(path, Buffer.from(text));
}

function names(text: string): readonly string[] {
  return extract(text).map((found) => (found.kind === 'package' ? found.name : found.kind));
}

describe('dpkgExtractor', () => {
  it.each([
    ['var/lib/dpkg/status', true],
    ['var/lib/dpkg/status.d/libc6', true],
    ['var/lib/dpkg/status.d/libssl1.1', true],
    ['var/lib/dpkg/status.d/libc6.md5sums', true],
    ['var/lib/dpkg/status.d/libc6.postinst', false],
    ['var/lib/dpkg/status.d/deep/er', false],
    ['var/lib/dpkg/status.d/', false],
    ['var/lib/dpkg/status-old', false],
    ['var/lib/dpkg/info/libc6:amd64.list', true],
    ['var/lib/dpkg/info/libc6:amd64.md5sums', false],
    ['srv/var/lib/dpkg/status', false],
  ])('wants %s: %s', (path, expected) => {
    expect(dpkgExtractor.wants(path)).toBe(expected);
  });

  it('reads name, version, architecture and source with its own version', () => {
    const stanza =
      'Package: libssl1.1\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n' +
      'Source: openssl (1.1.1n-0+deb11u3)\nVersion: 1.1.1n-0+deb11u3+b1\nDescription: Secure Sockets\n over two\n lines\n';
    expect(extract(stanza)).toEqual([
      {
        kind: 'package',
        manager: 'dpkg',
        name: 'libssl1.1',
        version: '1.1.1n-0+deb11u3+b1',
        sourceName: 'openssl',
        sourceVersion: '1.1.1n-0+deb11u3',
        architecture: 'amd64',
      },
    ]);
  });

  it('takes the version of the package where the source names none, and the package where there is no source', () => {
    expect(extract('Package: a\nVersion: 1:2-3\nSource: b\n')).toMatchObject([
      { sourceName: 'b', sourceVersion: '1:2-3' },
    ]);
    expect(extract('Package: a\nVersion: 1:2-3\n')).toMatchObject([
      { sourceName: 'a', sourceVersion: '1:2-3' },
    ]);
  });

  it.each([
    ['install ok installed', true],
    ['hold ok installed', true],
    ['install ok half-configured', true],
    ['install ok unpacked', true],
    ['install reinstreq half-installed', true],
    ['deinstall ok config-files', false],
    ['purge ok not-installed', false],
  ])('counts a package of status "%s": %s', (status, expected) => {
    expect(names(`Package: a\nStatus: ${status}\nVersion: 1\n`)).toEqual(expected ? ['a'] : []);
  });

  it('reads files of status.d, which may have no status', () => {
    const found = extract('Package: base-files\nVersion: 12.4\n', 'var/lib/dpkg/status.d/base-files');
    expect(found).toMatchObject([{ name: 'base-files', version: '12.4' }]);
  });

  it('reads several stanzas, field names in any case, Windows line ends', () => {
    expect(names('package: a\r\nVERSION: 1\r\n\r\n \t\nPackage: b\nVersion: 2\n')).toEqual(['a', 'b']);
  });

  it('complains of an installed package without a version, and reads on', () => {
    expect(names('Package: a\n\nPackage: b\nVersion: 2\n')).toEqual(['unreadable', 'b']);
  });

  it('complains of what is no database at all', () => {
    expect(names('\u0000\u0001 garbage')).toEqual(['unreadable']);
  });

  it('finds the npm packages and programs that dpkg installed, in lists and md5sums', () => {
    const path = 'usr/lib/node_modules/npm/package.json';
    const owned = [path, 'usr/bin/npm'].map((item) => ({ kind: 'owned-path', path: item }));
    expect(extract(`/.\n/${path}\n/usr/bin/npm\n/usr/share/npm\n`, 'var/lib/dpkg/info/npm.list')).toEqual(
      owned,
    );
    expect(
      extract(
        `${'0'.repeat(32)}  ${path}\n${'1'.repeat(32)}  usr/bin/npm\n`,
        'var/lib/dpkg/status.d/npm.md5sums',
      ),
    ).toEqual(owned);
  });
});

// Skipped where dpkg does not manage the system that the tests run on.
describe.skipIf(!existsSync('/var/lib/dpkg/status'))('dpkgExtractor on the database of this system', () => {
  it('lists what dpkg-query lists', () => {
    const fields = [
      'db:Status-Status',
      'Package',
      'Version',
      'source:Package',
      'source:Version',
      'Architecture',
    ];
    const format = `${fields.map((field) => `\${${field}}`).join('\t')}\n`;
    const lines = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' }).trim().split('\n');
    const expected = lines.filter((line) => line.startsWith('installed\t')).map((line) => line.slice(10));
    const found = dpkgExtractor.extract('var/lib/dpkg/status', readFileSync('/var/lib/dpkg/status'));
    const listed = found.map((item) =>
      item.kind === 'package'
        ? [item.name, item.version, item.sourceName, item.sourceVersion, item.architecture].join('\t')
        : JSON.stringify(item),
    );
    expect(listed.sort()).toEqual(expected.sort());
  });
});
