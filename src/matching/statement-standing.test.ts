import { describe, expect, it } from 'vitest';
import type { Package } from '../report/package.ts';
import { keptMinorRelease, statementStanding, streamStanding } from './statement-standing.ts';

const npm: Package = {
  ecosystem: 'AlmaLinux',
  release: '8',
  name: 'npm',
  version: '1:8.19.2-1.18.12.1.module_el8.7.0+3394+f81c9bba',
  sourceName: 'nodejs',
  sourceVersion: '1:18.12.1-2.module_el8.7.0+3394+f81c9bba',
  module: 'nodejs:18',
};
const said = (product?: string) => ({
  ranges: [],
  versions: [],
  ...(product === undefined ? {} : { product }),
});

describe('streamStanding()', () => {
  const plain = { ...npm, version: '6.14-1.el8', module: '' };
  const unlabelled = { ...npm, module: '' };

  it.each([
    ['a plain package and a plain advisory', plain, undefined, 'same'],
    ['a plain package and one of a module', plain, ['nodejs:18'], 'other'],
    ['a modular package and a plain advisory', npm, undefined, 'other'],
    ['its own stream', npm, ['nodejs:18'], 'same'],
    ['one of several streams', npm, ['nodejs:16', 'nodejs:18'], 'same'],
    ['another stream', npm, ['nodejs:16'], 'other'],
    ['a stream that is not named', npm, [], 'unknown'],
    ['a package that does not say its stream', unlabelled, ['nodejs:18'], 'unknown'],
    ['a package without label and a plain advisory', unlabelled, undefined, 'same'],
  ] as const)('says of %s', (_name, installed, modules, expected) => {
    expect(streamStanding({ ...said(), ...(modules === undefined ? {} : { modules }) }, installed)).toBe(
      expected,
    );
  });
});

describe('statementStanding()', () => {
  it('says in words which stream is not known', () => {
    expect(statementStanding({ ...said(), modules: [] }, npm)).toMatchObject({
      doubt: 'the advisory does not say whether it is of the module stream nodejs:18',
    });
    expect(statementStanding({ ...said(), modules: ['nodejs:20'] }, { ...npm, module: '' })).toMatchObject({
      doubt: 'the package is of a module, but does not say of which stream; the advisory is of nodejs:20',
    });
  });

  const ubuntu = (sourceVersion: string): Package => ({
    ...npm,
    ecosystem: 'Ubuntu',
    module: '',
    version: sourceVersion,
    sourceVersion,
  });

  it.each([
    ['1.1.1f-1ubuntu2.19', undefined, { kind: 'own', rank: 0 }],
    ['1.1.1f-1ubuntu2.19', 'Pro:20.04:LTS', { kind: 'own', rank: 1, hidesFix: true }],
    ['1.1.1f-1ubuntu2.19', 'Pro:FIPS-updates:20.04:LTS', { kind: 'other' }],
    ['1.1.1f-1ubuntu2.19+esm1', 'Pro:20.04:LTS', { kind: 'own', rank: 0 }],
    ['1.1.1f-1ubuntu2.19+esm1', undefined, { kind: 'own', rank: 1 }],
    ['1.1.1f-1ubuntu2.fips.19', 'Pro:FIPS-updates:20.04:LTS', { kind: 'own', rank: 0 }],
    [
      '1.1.1f-1ubuntu2.fips.19',
      undefined,
      { rank: 1, isIncomparable: true, doubt: expect.stringContaining('FIPS') },
    ],
  ])('says of %s of Ubuntu and of %s', (version, product, expected) => {
    expect(statementStanding(said(product), ubuntu(version))).toMatchObject(expected);
  });

  it('knows a FIPS build of the kernel by its name', () => {
    const kernel = { ...ubuntu('4.15.0-1011.12'), sourceName: 'linux-fips' };
    expect(statementStanding(said('Pro:FIPS:18.04:LTS'), kernel)).toEqual({ kind: 'own', rank: 0 });
  });

  const redHat = (version: string): Package => ({ ...npm, ecosystem: 'Red Hat', module: '', version });

  it.each([
    ['3.0.7-18.el9_2', 'enterprise_linux:9::baseos', { kind: 'own', rank: 0 }],
    ['3.0.7-18.el9_2', 'enterprise_linux:9::appstream', { kind: 'own', rank: 0 }],
    ['3.0.7-18.el9_2', 'rhel_eus:9.2::baseos', { kind: 'other' }],
    ['1.0.2k-26.el7_9', 'rhel_els:7', { kind: 'own', rank: 1, hidesFix: true }],
    ['3.8.18-2.el7', 'rhel_software_collections:3.8::el7', { kind: 'own', rank: 0 }],
    ['1.13.1-210.el7_9', 'rhel_extras:7', { kind: 'own', rank: 0 }],
    ['3.10.0-1160.rt56.el7', 'rhel_extras_rt:7', { kind: 'own', rank: 0 }],
    ['3.1.424-1.el7', 'rhel_dotnet:3.1::el7', { kind: 'own', rank: 0 }],
    ['2.9.13-5.el9', 'rhel_mirror_registry:1.0::el9', { rank: 1, doubt: expect.any(String) }],
    ['1.1.12-3.el9', 'openshift:4.12::el9', { kind: 'other' }],
    ['1.25.3-5.rhaos4.12.el9', 'openshift:4.12::el9', { kind: 'own', rank: 0 }],
    ['1.25.3-5.rhaos4.12.git44a2cb2.el9', 'openshift:4.12::el9', { kind: 'own', rank: 0 }],
    ['1.25.3-5.rhaos4.12.el9', 'openshift:4.1::el9', { kind: 'other' }],
    ['1.25.3-5.rhaos4.12.el9', 'openshift:4.13::el9', { kind: 'other' }],
    ['1.25.3-5.rhaos4.12.el9', 'openshift_ironic:4.12::el9', { doubt: expect.any(String) }],
    ['2.9.27-1.el8ap', 'openshift:4.12::el8', { doubt: expect.any(String) }],
    ['6.12.0-55.el10_0', 'enterprise_linux:10.0', { kind: 'own', rank: 0 }],
    ['6.12.0-55.el10_0', 'enterprise_linux_eus:10.0', { kind: 'other' }],
    ['2.9.27-1.el8ap', 'ansible_automation_platform:2.4::el8', { doubt: expect.any(String) }],
  ])('says of %s of Red Hat and of %s', (version, product, expected) => {
    expect(statementStanding(said(product), redHat(version))).toMatchObject(expected);
  });
});

describe('statementStanding() of what others publish for parts of a distribution', () => {
  const fixedIn = (fixed: string, product?: string) => ({
    ...said(product),
    ranges: [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed }] }],
  });
  const rocky = (version: string): Package => ({ ...npm, ecosystem: 'Rocky Linux', module: '', version });
  const suse = (release: string): Package => ({
    ...npm,
    ecosystem: 'SUSE',
    release,
    module: '',
    version: '1-1',
  });

  it.each([
    ['5.14.0-687.30.1.el9_8', '0:5.14.0-687.36.1.el9_8', 'own'],
    ['5.14.0-687.36.1.el9_8', '0:5.14.0-687.36.1.el9_8.cloud.1.0', 'other'],
    ['5.14.0-687.30.1.el9_8.cloud.1.0', '0:5.14.0-687.36.1.el9_8.cloud.1.0', 'own'],
    ['5.14.0-687.30.1.el9_8.cloud.1.0', '0:5.14.0-687.36.1.el9_8', 'own'],
  ])('says of %s of Rocky Linux and of the fix %s: %s', (version, fixed, kind) => {
    expect(statementStanding(fixedIn(fixed), rocky(version))).toMatchObject({ kind });
  });

  it.each([
    ['12.5', 'Linux Enterprise Module for Containers 12', 'own'],
    ['12.3', 'Linux Enterprise Module for Containers 12', 'own'],
    ['15.6', 'Linux Enterprise Module for Containers 12', 'other'],
    ['15.6', 'Linux Enterprise Module for Python 3 15 SP6', 'own'],
  ])('says of %s of SUSE and of %s: %s', (release, product, kind) => {
    expect(statementStanding(fixedIn('1-2', product), suse(release))).toMatchObject({ kind });
  });
});

describe('keptMinorRelease()', () => {
  it.each([
    ['rhel_eus:9.2::baseos', 'el9_2'],
    ['rhel_aus:8.6::appstream', 'el8_6'],
    ['enterprise_linux_eus:10.0', 'el10_0'],
    ['enterprise_linux:10.0', undefined],
    ['rhel_els:7', undefined],
    ['rhel_software_collections:3.8::el7', undefined],
    ['enterprise_linux:9::baseos', undefined],
    ['openshift:4.12::el8', undefined],
    [undefined, undefined],
  ])('of %s is %s', (product, expected) => {
    expect(keptMinorRelease(said(product))).toBe(expected);
  });
});
