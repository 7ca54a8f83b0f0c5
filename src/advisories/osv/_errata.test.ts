import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matchAffected } from '../../matching/match-affected.ts';
import { vulnerabilitiesOf } from '../../matching/vulnerability-ids.ts';
import { readAdvisories } from '../../testing/samples/read-advisories.ts';
import { sharedData } from '../../testing/shared-data.ts';
import { rpmOrder } from '../../versions/rpm.ts';
import { type OsvRecord, readOsvRecord } from './osv-record.ts';

const shared = sharedData();

function read(record: object): OsvRecord {
  const result = readOsvRecord(JSON.stringify({ modified: '2022-05-10T00:00:00Z', ...record }));
  if (result.kind === 'bad') throw new Error(result.reason);
  return result.record;
}

const affects = (name: string, fixed: string) => ({
  package: { ecosystem: 'AlmaLinux:8', name },
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
});

function erratum(record: object): OsvRecord {
  return read({ id: 'ALSA-2022:1', related: ['CVE-2022-0002', 'CVE-2022-0001'], ...record });
}

const fixesOf = (record: OsvRecord) =>
  record.affected.map(({ name, affected }) => [name, affected.ranges[0]?.events[1]?.fixed, affected.modules]);

describe('readOsvRecord() of an erratum of AlmaLinux', () => {
  it('takes the CVEs that are related for those that it fixes', () => {
    const record = erratum({ affected: [affects('openssl-libs', '1:1.1.1k-6.el8_5')] });
    expect(vulnerabilitiesOf(record).map(({ id }) => id)).toEqual(['CVE-2022-0001', 'CVE-2022-0002']);
    expect(fixesOf(record)).toEqual([['openssl-libs', '1:1.1.1k-6.el8_5', undefined]]);
  });

  it('leaves what other records are related to alone', () => {
    const record = read({ id: 'GHSA-1', related: ['CVE-2022-0002'], affected: [affects('a', '1')] });
    expect(vulnerabilitiesOf(record).map(({ id }) => id)).toEqual(['GHSA-1']);
  });

  it.each(['ALBA-2022:1', 'ALEA-2022:1'])('says of %s, which fixes no CVE, that it affects nothing', (id) => {
    expect(erratum({ id, related: [], affected: [affects('tzdata', '2022a-1.el8')] }).affected).toEqual([]);
    expect(erratum({ id, affected: [affects('tzdata', '2022a-1.el8')] }).affected).toHaveLength(1);
  });

  it('keeps one of security that names no CVE', () => {
    expect(erratum({ related: [], affected: [affects('kernel', '1-1.el8')] }).affected).toHaveLength(1);
  });

  it('takes the lowest of several builds of one fix, by version and not by place', () => {
    const affected = [
      affects('thunderbird', '91.10.0-2.el8_4.alma.plus'),
      affects('thunderbird', '91.10.0-2.el8_4.alma'),
      affects('vim', '2:8.0-16.el8'),
      affects('vim', '8.0-17.el8'),
    ];
    expect(fixesOf(erratum({ affected }))).toEqual([
      ['thunderbird', '91.10.0-2.el8_4.alma', undefined],
      ['vim', '8.0-17.el8', undefined],
    ]);
  });

  it('leaves statements as they are of which one cannot be read, or says more', () => {
    const open = { ...affects('a', 'x'), ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] };
    expect(erratum({ affected: [affects('a', '1-1'), open] }).affected).toHaveLength(2);
    expect(erratum({ affected: [affects('a', '1-1'), affects('a', '%')] }).affected).toHaveLength(2);
  });

  it.each([
    ['Important: nodejs:18 security update', ['nodejs:18']],
    ['virt:rhel and virt-devel:rhel security update', ['virt:rhel', 'virt-devel:rhel']],
    ['Important: varnish security update', []],
  ])('reads from the title %s which streams its modular packages are of', (summary, streams) => {
    const affected = [
      affects('npm', '1:8.19.2-1.18.12.1.module_el8.7.0+3394+f81c9bba'),
      affects('perl', '5.26.3-422.el8'),
    ];
    expect(fixesOf(erratum({ summary, affected }))).toEqual([
      ['npm', '1:8.19.2-1.18.12.1.module_el8.7.0+3394+f81c9bba', streams],
      ['perl', '5.26.3-422.el8', undefined],
    ]);
  });

  it.skipIf(shared === undefined)(
    'reads all real ones (skipped without shared data)',
    async () => {
      const records = await readAdvisories(join(shared ?? '', 'advisories/AlmaLinux/all.zip'));
      const read = records.map((record) => readOsvRecord(JSON.stringify(record)));
      const errata = read.flatMap((result) => (result.kind === 'ok' ? [result.record] : []));
      expect(errata.length).toBe(records.length);
      const affecting = errata.filter(({ affected }) => affected.length > 0);
      // 4,437 of security and three others that fix CVEs; nine name none.
      expect(affecting.length).toBe(4440);
      expect(affecting.filter(({ upstream }) => upstream.length === 0)).toHaveLength(9);
      const statements = affecting.flatMap((record) =>
        record.affected.map((one) => ({ record: record.id, ...one })),
      );
      const keys = statements.map(({ record, release, name, affected }) =>
        [record, release, name, affected.modules !== undefined].join(' '),
      );
      expect(new Set(keys).size).toBe(keys.length);
      const unfixed = statements.filter(({ affected }) => {
        const version = affected.ranges[0]?.events[1]?.fixed ?? '';
        return matchAffected({ version, affected, order: rpmOrder }).kind !== 'not-affected';
      });
      expect(unfixed).toEqual([]);
      const withoutStream = affecting.filter((record) =>
        record.affected.some(({ affected }) => affected.modules?.length === 0),
      );
      expect(withoutStream.map(({ summary }) => summary)).toHaveLength(9);
    },
    60_000,
  );
});
