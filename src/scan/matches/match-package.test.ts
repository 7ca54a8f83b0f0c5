import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../advisories/candidates.ts';
import type { CveRatings } from '../../advisories/cve-ratings.ts';
import type { RangeEvent } from '../../matching/advisory.ts';
import type { Package } from '../../report/package.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../../report/severity-order.ts';
import { severityIn } from '../../report/source-severities.ts';
import { matchPackage } from './match-package.ts';

const openssl: Package = {
  ecosystem: 'Debian',
  release: '12',
  name: 'libssl3',
  version: '3.0.9-1',
  sourceName: 'openssl',
  sourceVersion: '3.0.9-1',
  module: '',
};

function candidate(
  advisoryId: string,
  events: readonly RangeEvent[],
  changes: Partial<Candidate> & { readonly fixState?: 'wont-fix' | 'end-of-life' } = {},
): Candidate {
  const { fixState, ...fields } = changes;
  return {
    advisoryId,
    ecosystem: 'Debian',
    release: '12',
    name: 'openssl',
    affected: {
      versions: [],
      ranges: [{ type: 'ECOSYSTEM', events }],
      ...(fixState === undefined ? {} : { fixState }),
    },
    vulnerabilities: [{ id: 'CVE-1', aliases: [advisoryId] }],
    ratings: [],
    withdrawn: false,
    ...fields,
  };
}

const match = (
  candidates: readonly Candidate[],
  installed: Package = openssl,
  ratings: ReadonlyMap<string, CveRatings> = new Map(),
) => matchPackage({ package: installed, candidates, ratings });

const from = (fixed: string): readonly RangeEvent[] => [{ introduced: '0' }, { fixed }];

describe('matchPackage()', () => {
  it('compares the version of the source package', () => {
    const rebuilt = { ...openssl, version: '9:1', sourceVersion: '3.0.9-1' };
    expect(match([candidate('DSA-1', from('3.0.10-1'))], rebuilt)).toMatchObject([
      { id: 'CVE-1', record: 'DSA-1', fixedVersion: '3.0.10-1', fixState: 'fixed', undetermined: false },
    ]);
  });

  it.each([
    ['its own release', '12', 1],
    ['no release', '', 1],
    ['another release', '11', 0],
  ])('applies advisories for %s', (_name, release, count) => {
    expect(match([candidate('DSA-1', from('3.0.10-1'), { release })])).toHaveLength(count);
  });

  it('applies advisories for the packages of a repository of its own (Drupal)', () => {
    const views: Package = {
      ...openssl,
      ecosystem: 'Packagist',
      release: '',
      name: 'drupal/views_bulk',
      sourceName: 'drupal/views_bulk',
      version: '1.2.0',
      sourceVersion: '1.2.0',
    };
    const release = 'https://packages.drupal.org/8';
    const drupal = candidate('DRUPAL-1', from('1.3.0'), { ecosystem: 'Packagist', release });
    expect(match([drupal], views)).toMatchObject([{ fixedVersion: '1.3.0', undetermined: false }]);
  });

  it('takes records of one vulnerability for one, fixed where none of them affects it', () => {
    const found = match([
      candidate('DSA-1', from('3.0.10-1')),
      candidate('DEBIAN-CVE-1', from('3.0.12-1')),
      candidate('DSA-2', from('3.0.5-1')),
    ]);
    expect(found).toMatchObject([
      { id: 'CVE-1', aliases: ['DEBIAN-CVE-1', 'DSA-1'], fixedVersion: '3.0.12-1' },
    ]);
  });

  it('makes a bundle one finding per CVE, each with the bundle as alias', () => {
    const bundle = candidate('DSA-1', from('3.0.10-1'), {
      vulnerabilities: [
        { id: 'CVE-1', aliases: ['DSA-1'] },
        { id: 'CVE-2', aliases: ['DSA-1'] },
      ],
    });
    expect(match([bundle]).map(({ id, aliases }) => [id, aliases])).toEqual([
      ['CVE-1', ['DSA-1']],
      ['CVE-2', ['DSA-1']],
    ]);
  });

  it('lays several statements of a record on one another', () => {
    const found = match([candidate('DSA-1', from('3.0.10-1')), candidate('DSA-1', from('3.0.11-1'))]);
    expect(found).toMatchObject([{ fixedVersion: '3.0.11-1' }]);
  });

  it('keeps that no fix will come', () => {
    const found = match([candidate('DEBIAN-CVE-1', [{ introduced: '0' }], { fixState: 'wont-fix' })]);
    expect(found).toMatchObject([{ fixState: 'wont-fix' }]);
    expect(found[0]).not.toHaveProperty('fixedVersion');
  });

  it('rates by the record before the CVE, and by the CVE where the record says nothing', () => {
    const cve = new Map<string, CveRatings>([
      [
        'CVE-1',
        { knownExploited: false, ratings: [{ source: 'cvss-v3', record: 'CVE-1', severity: 'critical' }] },
      ],
    ]);
    const rated = candidate('DSA-1', from('3.0.10-1'), {
      ratings: [{ source: 'vendor', record: 'DSA-1', severity: 'low' }],
    });
    const severities = (
      candidates: readonly Candidate[],
      known: ReadonlyMap<string, CveRatings> = new Map(),
      order: SeverityOrder = defaultSeverityOrder,
    ) => match(candidates, openssl, known).map((found) => severityIn(found.sourceSeverities, order));
    const unrated = candidate('DSA-1', from('3.0.10-1'));
    expect(severities([rated], cve)).toEqual(['low']);
    expect(severities([unrated], cve)).toEqual(['critical']);
    expect(severities([unrated])).toEqual(['unknown']);
    const byAlias = { ...unrated, vulnerabilities: [{ id: 'DSA-1', aliases: ['CVE-1'] }] };
    expect(severities([byAlias], cve)).toEqual(['critical']);
    expect(severities([rated], cve, ['cvss-v3', 'vendor'])).toEqual(['critical']);
  });

  describe('an rpm of AlmaLinux', () => {
    const npm: Package = {
      ecosystem: 'AlmaLinux',
      release: '8',
      name: 'npm',
      version: '1:8.19.2-1.module_el8.7.0+3394',
      sourceName: 'nodejs',
      sourceVersion: '1:18.12.1-2.module_el8.7.0+3394',
      module: 'nodejs:18',
    };
    const erratum = (fixed: string, modules?: readonly string[]) => {
      const plain = candidate('ALSA-1', from(fixed), { ecosystem: 'AlmaLinux', release: '8' });
      return modules === undefined ? plain : { ...plain, affected: { ...plain.affected, modules } };
    };
    const fixed = '1:8.19.3-1.module_el8.8.0+3500';

    it('is compared by its own version, not that of its source', () => {
      expect(match([erratum(fixed, ['nodejs:18'])], npm)).toMatchObject([
        { fixedVersion: fixed, undetermined: false },
      ]);
      expect(match([erratum('1:8.19.1-1.module_el8.6.0+1', ['nodejs:18'])], npm)).toEqual([]);
    });

    it('is not affected by errata of another stream, nor of none', () => {
      expect(match([erratum(fixed, ['nodejs:16'])], npm)).toEqual([]);
      expect(match([erratum('1:9-1.el8')], npm)).toEqual([]);
      expect(match([erratum(fixed, ['nodejs:18'])], { ...npm, module: '', version: '6-1.el8' })).toEqual([]);
    });

    it('cannot be judged where the erratum does not say of which stream it is', () => {
      expect(match([erratum(fixed, [])], npm)).toMatchObject([{ undetermined: true, fixState: 'not-fixed' }]);
      expect(match([erratum(fixed, ['nodejs:18'])], { ...npm, module: '' })).toMatchObject([
        { undetermined: true },
      ]);
    });
  });

  it.each([
    ['an order that is not known', { ...openssl, ecosystem: 'Haiku' }],
    ['a version that does not parse', { ...openssl, sourceVersion: '' }],
  ])('says of %s that it cannot tell', (_name, installed) => {
    expect(match([candidate('DSA-1', from('3.0.10-1'))], installed)).toMatchObject([{ undetermined: true }]);
  });

  it('is sure when one record is, whatever another cannot tell', () => {
    const commits = { versions: [], ranges: [{ type: 'GIT' as const, events: [{ introduced: '0' }] }] };
    expect(
      match([{ ...candidate('X-1', []), affected: commits }, candidate('DSA-1', from('3.0.10-1'))]),
    ).toMatchObject([{ undetermined: false, record: 'DSA-1', aliases: ['DSA-1', 'X-1'] }]);
  });
});
