import { describe, expect, it } from 'vitest';
import { isRecordId, parseInstant, readOsvRecord } from './osv-record.ts';
import { recordRatings } from './record-ratings.ts';

function recordWith(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ id: 'X-1', modified: '2024-05-01T00:00:00Z', ...fields });
}

function readGood(fields: Readonly<Record<string, unknown>>) {
  const result = readOsvRecord(recordWith(fields));
  if (result.kind === 'bad') throw new Error(result.reason);
  return result.record;
}

const zlib = { ecosystem: 'Alpine:v3.6', name: 'zlib' };

describe('readOsvRecord()', () => {
  it('tells release and product from the ecosystem', () => {
    const record = readGood({
      affected: [{ package: zlib }, { package: { ecosystem: 'Ubuntu:Pro:22.04:LTS', name: 'a' } }],
    });
    expect(
      record.affected.map(({ ecosystem, release, affected }) => [ecosystem, release, affected.product]),
    ).toEqual([
      ['Alpine', 'v3.6', undefined],
      ['Ubuntu', '22.04:LTS', 'Pro:22.04:LTS'],
    ]);
  });

  it('normalises names as the ecosystem does', () => {
    const record = readGood({
      affected: [
        { package: { ecosystem: 'PyPI', name: 'Foo_Bar..baz' } },
        { package: { ecosystem: 'npm', name: 'JSONStream' } },
        { package: { ecosystem: 'SwiftURL', name: 'github.com/sparkle-project/Sparkle' } },
      ],
    });
    expect(record.affected.map((one) => one.name)).toEqual([
      'foo-bar-baz',
      'JSONStream',
      'github.com/sparkle-project/sparkle',
    ]);
  });

  it('keeps a GIT range only where nothing else says what is affected', () => {
    const git = { type: 'GIT', events: [{ introduced: '0' }] };
    const semver = { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.0' }] };
    const rangesOf = (one: object) =>
      readGood({ affected: [{ package: zlib, ...one }] }).affected[0]?.affected.ranges.map(
        (range) => range.type,
      );
    expect(rangesOf({ ranges: [git, semver] })).toEqual(['SEMVER']);
    expect(rangesOf({ ranges: [git], versions: ['1.0'] })).toEqual([]);
    expect(rangesOf({ ranges: [git] })).toEqual(['GIT']);
  });

  it('reads what the distribution says of a package beside its versions', () => {
    const statementOf = (one: object) =>
      readGood({ affected: [{ package: zlib, ...one }] }).affected[0]?.affected;
    expect(statementOf({ ecosystem_specific: { ubuntu_priority: 'low' } })).toMatchObject({ urgency: 'low' });
    expect(statementOf({ ecosystem_specific: { urgency: 'unimportant' } })).toMatchObject({
      urgency: 'unimportant',
    });
    expect(statementOf({ ecosystem_specific: { urgency: 'end-of-life' } })).toMatchObject({
      fixState: 'end-of-life',
    });
    expect(statementOf({ database_specific: { status: 'fix-not-planned' } })).toMatchObject({
      fixState: 'wont-fix',
    });
    expect(statementOf({ database_specific: { informational: 'unsound' } })).toMatchObject({
      informational: 'unsound',
    });
    expect(statementOf({ severity: [{ type: 'Ubuntu', score: 'low' }] })).toMatchObject({
      severity: [{ type: 'Ubuntu', score: 'low' }],
    });
  });

  it('drops what PostgreSQL text cannot hold', () => {
    expect(readGood({ summary: 'a\0b', details: 'c\ud800' })).toMatchObject({
      summary: 'ab',
      details: 'c\ufffd',
    });
  });

  it.each([
    ['no JSON', '<html>'],
    ['half a record', recordWith({}).slice(0, 20)],
    ['a list', '[]'],
    ['no id', JSON.stringify({ modified: '2024-05-01T00:00:00Z' })],
    ['an id that leaves its folder', recordWith({ id: '../../etc/passwd' })],
    ['no instant of change', JSON.stringify({ id: 'X-1' })],
    ['a date without time', recordWith({ modified: '2024-05-01' })],
    ['an unreadable withdrawal', recordWith({ withdrawn: 'yes' })],
    ['affected that is no list', recordWith({ affected: {} })],
    ['a package without a name', recordWith({ affected: [{ package: { ecosystem: 'npm' } }] })],
    [
      'an unknown kind of range',
      recordWith({ affected: [{ package: zlib, ranges: [{ type: 'MAGIC', events: [] }] }] }),
    ],
    [
      'an event that says two things',
      recordWith({
        affected: [
          { package: zlib, ranges: [{ type: 'SEMVER', events: [{ introduced: '0', fixed: '1' }] }] },
        ],
      }),
    ],
    ['versions that are numbers', recordWith({ affected: [{ package: zlib, versions: [1] }] })],
  ])('refuses %s', (_condition, json) => {
    expect(readOsvRecord(json)).toMatchObject({ kind: 'bad' });
  });
});

describe('parseInstant()', () => {
  it('takes any fraction and offset as an instant', () => {
    expect(parseInstant('2026-07-08T04:32:24.548042624Z')?.getTime()).toBe(
      parseInstant('2026-07-08T06:32:24.548+02:00')?.getTime(),
    );
  });
});

describe('isRecordId()', () => {
  it.each(['ALPINE-CVE-2019-1543', 'ALSA-2026:55740', 'x_NSWG-ECO-1', 'GHSA-p6mc-m468-83gw'])(
    'takes %s',
    (id) => {
      expect(isRecordId(id)).toBe(true);
    },
  );

  it.each(['', '.', '..', 'a/b', 'a\\b', '<html>', 'a b'])('refuses "%s"', (id) => {
    expect(isRecordId(id)).toBe(false);
  });
});

describe('recordRatings()', () => {
  const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';

  it('keeps every rating with its source', () => {
    const record = readGood({
      severity: [{ type: 'CVSS_V3', score: vector }],
      database_specific: { severity: 'MODERATE' },
      affected: [{ package: { ecosystem: 'npm', name: 'ws' } }],
    });
    expect(recordRatings(record)).toEqual([
      { source: 'cvss-v3', record: 'X-1', severity: 'critical', score: 9.8, vector },
      { source: 'ecosystem', record: 'X-1', severity: 'medium' },
    ]);
  });

  it('calls the word of a distribution the vendor’s', () => {
    const affected = [{ package: { ecosystem: 'Azure Linux:2', name: 'a' } }];
    expect(recordRatings(readGood({ affected, database_specific: { severity: 'Low' } }))).toEqual([
      { source: 'vendor', record: 'X-1', severity: 'low' },
    ]);
    expect(recordRatings(readGood({ severity: [{ type: 'Ubuntu', score: 'negligible' }] }))).toEqual([
      { source: 'vendor', record: 'X-1', severity: 'negligible' },
    ]);
  });

  it('reads the word of an erratum from its title', () => {
    const affected = [{ package: { ecosystem: 'AlmaLinux:9', name: 'pcp' } }];
    expect(recordRatings(readGood({ affected, summary: 'Important: pcp security update' }))).toEqual([
      { source: 'vendor', record: 'X-1', severity: 'high' },
    ]);
  });

  it('uses bare scores where there is no vector of that version', () => {
    const database_specific = { cvss_v3: 7.5, cvss_v2: 11 };
    expect(recordRatings(readGood({ database_specific }))).toEqual([
      { source: 'cvss-v3', record: 'X-1', severity: 'high', score: 7.5 },
    ]);
    const both = { database_specific, severity: [{ type: 'CVSS_V3', score: vector }] };
    expect(recordRatings(readGood(both)).map((rating) => rating.score)).toEqual([9.8]);
  });

  it('rates nothing where nobody rated', () => {
    expect(recordRatings(readGood({ severity: [{ type: 'CVSS_V3', score: 'nonsense' }] }))).toEqual([]);
  });
});
