import { describe, expect, test } from 'vitest';
import { parseSearch } from './parse-search.ts';

function named(text: string) {
  const parsed = parseSearch(text);
  return parsed.kind === 'package' ? parsed.search : parsed;
}

describe('parseSearch()', () => {
  test.each([
    'CVE-2021-44228',
    'cve-2021-44228',
    ' GHSA-jfh8-c2jp-5v3q ',
    'DSA-5020-1',
    'RHSA-2021:5126',
    'GO-2022-0001',
    'alpine-cve-2016-2148',
    'AZL-10002',
    'DRUPAL-CONTRIB-2017-082',
    'x_FOP-CVE-2010-2479',
    'x_RUBYSEC-activeresource-OSVDB-95749',
    'x_NSWG-ECO-10',
    'OSVDB-101157',
    'SNYK-PYTHON-BIKESHED-1537646',
    'TROVE-2024-003',
    'ECHO-4f6c-6b9d-3c33',
    'CLEANSTART-2026-FT17493',
    'EEF-CVE-2025-32433',
  ])('takes %s for a vulnerability', (text) => {
    expect(parseSearch(text)).toEqual({ kind: 'vulnerability', id: text.trim() });
  });

  test.each([
    ['openssl', 'openssl', []],
    ['log4j-core@2.14.1', 'log4j-core', ['=2.14.1']],
    ['@babel/core', '@babel/core', []],
    ['@babel/core@7.0.0', '@babel/core', ['=7.0.0']],
    ['org.apache.logging.log4j:log4j-core <2.17', 'org.apache.logging.log4j:log4j-core', ['<2.17']],
    ['openssl>=3.0, <3.0.15', 'openssl', ['>=3.0', '<3.0.15']],
    ['openssl >= 1:1.0 <= 2~rc1', 'openssl', ['>=1:1.0', '<=2~rc1']],
    ['mini-css-extract-plugin == 1', 'mini-css-extract-plugin', ['=1']],
    ['mini-html-pack-core', 'mini-html-pack-core', []],
    ['libssl3 >= 3.0, << 3.0.15', 'libssl3', ['>=3.0', '<3.0.15']],
    ['django===3.2', 'django', ['=3.2']],
    ['bash@5.1^20240101git', 'bash', ['=5.1^20240101git']],
    ['bash >=5.1^20240101git', 'bash', ['>=5.1^20240101git']],
    ['pkg@1!2.0', 'pkg', ['=1!2.0']],
    ['pkg =1!2.0', 'pkg', ['=1!2.0']],
  ])('reads the name and the limits of %s', (text, name, limits) => {
    const { named: by, limits: read } = named(text) as ReturnType<typeof named> & {
      named: unknown;
      limits: [];
    };
    expect(by).toEqual({ kind: 'name', name });
    expect(read.map(({ sign, version }) => `${sign}${version}`)).toEqual(limits);
  });

  test('takes a name with * for a pattern', () => {
    expect(named('log4j-* <2')).toMatchObject({ named: { kind: 'pattern', pattern: 'log4j-*' } });
    expect(parseSearch('a*b*')).toMatchObject({ kind: 'malformed' });
  });

  test.each([
    ['pkg:npm/%40babel/core@7.0.0', { type: 'npm', namespace: '@babel', name: 'core', version: '7.0.0' }],
    [
      'pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64',
      { type: 'deb', namespace: 'debian', name: 'libssl3', version: '3.0.15-1~deb12u1' },
    ],
    [
      'pkg:rpm/redhat/bash@5.1-1?epoch=1',
      { type: 'rpm', namespace: 'redhat', name: 'bash', version: '1:5.1-1' },
    ],
    ['pkg:maven/org.apache/x', { type: 'maven', namespace: 'org.apache', name: 'x' }],
  ])('reads the package URL %s', (text, url) => {
    expect(named(text)).toMatchObject({ named: { kind: 'url', url } });
  });

  test('takes a range behind a package URL without a version', () => {
    expect(named('pkg:npm/lodash <4.17.21')).toMatchObject({ limits: [{ sign: '<', version: '4.17.21' }] });
  });

  test.each([
    ['pkg:npm', 'package URL'],
    ['pkg:docker/nginx', 'must be one of'],
    ['pkg:npm/a@1 <2', 'no range'],
    ['openssl 3.0', 'no spaces'],
    ['<2', 'must stand before'],
    ['a <', 'a range must be limits'],
    ['a <1 b', 'a range must be limits'],
    ['a@1 <2', 'no range besides'],
    ['django~=3.2', 'by <, <=, =, >= or >'],
    ['django!=3.2', 'by <, <=, =, >= or >'],
    ['django ==3.*', 'by <, <=, =, >= or >'],
    ['rails ~> 5.2', 'by <, <=, =, >= or >'],
    ['lodash ^4.17.0', 'by <, <=, =, >= or >'],
    ['lodash@^4.17.0', 'write a range as'],
    ['lodash@~4.17', 'write a range as'],
    ['lodash@>=4', 'range'],
    ['lodash@4.*', 'write a range as'],
    ['', 'must stand before'],
  ])('refuses "%s" and says why', (text, reason) => {
    expect(parseSearch(text)).toEqual({ kind: 'malformed', reason: expect.stringContaining(reason) });
  });
});
