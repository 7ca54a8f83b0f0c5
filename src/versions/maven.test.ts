import { describe, expect, it } from 'vitest';
import { versionOrderConformance } from '../testing/version-order.conformance.ts';
import { mavenOrder } from './maven.ts';

versionOrderConformance({
  name: 'mavenOrder',
  order: mavenOrder,
  pieces: [
    '0',
    '1',
    '2',
    '.',
    '-',
    'a',
    '.sp',
    '-rc',
    '.Final',
    '-alpha',
    '-1',
    'x',
    'm',
    '-SNAPSHOT',
    '_',
    'ga',
  ],
  invalid: [
    '',
    ' ',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder that a build left as it was
    '${project.version}',
    '[1.0,2.0)',
    'unspecified',
    'LATEST',
    '1 0',
    '1\n',
    '1ä',
    '١.0',
    `1.${'0'.repeat(1000)}`,
  ],
});

describe('mavenOrder', () => {
  // https://maven.apache.org/pom.html#version-order-specification and the documentation of ComparableVersion.
  it('orders the well-known qualifiers', () => {
    const versions = [
      ...[
        '1-alpha',
        '1-alpha2',
        '1-beta',
        '1-milestone',
        '1-rc',
        '1-SNAPSHOT',
        '1',
        '1-sp',
        '1-abc',
        '1-xyz',
      ],
      ...['1-1', '1.1'],
    ];
    for (const [index, version] of versions.entries()) {
      for (const later of versions.slice(index + 1)) {
        expect([version, later, mavenOrder.compare(version, later)]).toEqual([version, later, 'less']);
      }
    }
  });

  it.each([
    ['1', 'equal', '1.0.0'],
    ['1.0', 'equal', '1-0'],
    ['1-ga', 'equal', '1'],
    ['1.0.Final', 'equal', '1.0.RELEASE'],
    ['1.0.RC2', 'less', '1.0-RC3'],
    ['1.0-RC3', 'less', '1.0.1'],
    ['1a1', 'equal', '1-alpha-1'],
    ['1.0m3', 'equal', '1.0-milestone-3'],
    ['1.0cr1', 'equal', '1.0-rc1'],
    ['1.0.a', 'greater', '1.0'],
    ['1-a1', 'less', '1'],
    ['1.2.10', 'greater', '1.2.9'],
    ['20231002143012', 'less', '20231002143013'],
    ['9.4.10.v20180503', 'less', '9.4.11.v20180605'],
    ['30.0-jre', 'less', '30.0.1-android'],
    ['4.1.68.Final', 'less', '4.1.100.Final'],
    ['1.0-jre14', 'greater', '1.0-jre8'],
    ['2.0.0.M1', 'less', '2.0.0'],
    ['1..1', 'equal', '1.0.1'],
  ] as const)('says that %s is %s than or to %s', (a, expected, b) => {
    expect(mavenOrder.compare(a, b)).toBe(expected);
  });

  it('cannot tell where Maven goes round in a circle', () => {
    expect(mavenOrder.compare('1-alpha', '1')).toBe('less');
    expect(mavenOrder.compare('1', '1.sp.1')).toBe('less');
    expect(mavenOrder.compare('1.sp.1', '1-alpha')).toBe('undetermined');
  });
});
