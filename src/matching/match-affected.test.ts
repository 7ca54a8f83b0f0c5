import { describe, expect, it } from 'vitest';
import { apkOrder } from '../versions/apk.ts';
import { debOrder } from '../versions/deb.ts';
import { semverOrder } from '../versions/semver.ts';
import type { AffectedPackage, AffectedRange, RangeEvent } from './advisory.ts';
import { matchAffected, mergeAffected } from './match-affected.ts';

function ranges(...lists: readonly (readonly RangeEvent[])[]): AffectedPackage {
  return { versions: [], ranges: lists.map((events): AffectedRange => ({ type: 'SEMVER', events })) };
}

function matchNpm(version: string, affected: AffectedPackage) {
  return matchAffected({ version, affected, order: semverOrder });
}

const notAffected = { kind: 'not-affected' };

describe('matchAffected()', () => {
  it('takes the shape of an Alpine record: everything before the fix', () => {
    const affected: AffectedPackage = {
      versions: [],
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.0.2h-r4' }] }],
    };
    const match = (version: string) => matchAffected({ version, affected, order: apkOrder });
    expect(match('1.0.2h-r1')).toEqual({ kind: 'affected', fixedVersion: '1.0.2h-r4' });
    expect(match('1.0.2h-r4')).toEqual(notAffected);
    expect(match('1.0.2i-r0')).toEqual(notAffected);
  });

  it('takes the shape of a Debian record that has no fix', () => {
    const affected: AffectedPackage = {
      versions: [],
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
    };
    expect(matchAffected({ version: '1:2.0-1', affected, order: debOrder })).toEqual({ kind: 'affected' });
  });

  it('calls a backported fix what it is (Debian keeps the upstream version)', () => {
    const affected: AffectedPackage = {
      versions: [],
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.1.1n-0+deb11u4' }] }],
    };
    const match = (version: string) => matchAffected({ version, affected, order: debOrder });
    expect(match('1.1.1n-0+deb11u4')).toEqual(notAffected);
    expect(match('1.1.1n-0+deb11u3')).toEqual({ kind: 'affected', fixedVersion: '1.1.1n-0+deb11u4' });
  });

  it.each([
    ['0.9.0', undefined],
    ['1.0.0', '1.5.0'],
    ['1.5.0', undefined],
    ['2.1.9', '2.2.0'],
    ['2.2.0', undefined],
  ])(
    'reads several pairs in one range by version, not by place: %s is fixed by %s',
    (version, fixedVersion) => {
      const events = [
        { introduced: '2.0.0' },
        { fixed: '2.2.0' },
        { introduced: '1.0.0' },
        { fixed: '1.5.0' },
      ];
      expect(matchNpm(version, ranges(events))).toEqual(
        fixedVersion === undefined ? notAffected : { kind: 'affected', fixedVersion },
      );
    },
  );

  it('treats pre-releases of the fix as affected', () => {
    const affected = ranges([{ introduced: '0' }, { fixed: '2.0.0' }]);
    expect(matchNpm('2.0.0-rc.1', affected)).toEqual({ kind: 'affected', fixedVersion: '2.0.0' });
  });

  it('includes last_affected itself and knows no fix for it', () => {
    const affected = ranges([{ introduced: '1.0.0' }, { last_affected: '1.4.0' }]);
    expect(matchNpm('1.4.0', affected)).toEqual({ kind: 'affected' });
    expect(matchNpm('1.4.1', affected)).toEqual(notAffected);
    expect(matchNpm('1.0.0', ranges([{ introduced: '1.0.0' }, { last_affected: '1.0.0' }]))).toEqual({
      kind: 'affected',
    });
  });

  it('cuts a range off at its limits, of which * is none', () => {
    const range = (limit: string) => ranges([{ introduced: '0' }, { limit }]);
    expect(matchNpm('1.9.0', range('2.0.0'))).toEqual({ kind: 'affected' });
    expect(matchNpm('2.0.0', range('2.0.0'))).toEqual(notAffected);
    expect(matchNpm('2.0.0', range('*'))).toEqual({ kind: 'affected' });
    expect(matchNpm('2.0.0', ranges([{ introduced: '0' }, { limit: '2.0.0' }, { limit: '3.0.0' }]))).toEqual({
      kind: 'affected',
    });
  });

  it('finds an enumerated version, also when it is written differently', () => {
    const affected = { versions: ['1.2.3', 'weird'], ranges: [] };
    expect(matchNpm('1.2.3', affected)).toEqual({ kind: 'affected' });
    expect(matchNpm('v1.2.3', affected)).toEqual({ kind: 'affected' });
    expect(matchNpm('weird', affected)).toEqual({ kind: 'affected' });
    expect(matchNpm('1.2.4', affected)).toEqual(notAffected);
  });

  it('takes a record that names nothing of a package for one that affects none of its versions', () => {
    expect(matchNpm('1.0.0', { versions: [], ranges: [] })).toEqual(notAffected);
    expect(matchNpm('latest', { versions: [], ranges: [] })).toEqual(notAffected);
  });

  it('passes over ranges of commits, and cannot tell when there is nothing else', () => {
    const git: AffectedRange = { type: 'GIT', events: [{ introduced: '0' }, { fixed: 'a1b2c3' }] };
    expect(matchNpm('1.0.0', { versions: ['0.9.0'], ranges: [git] })).toEqual(notAffected);
    expect(matchNpm('', { versions: ['0.9.0'], ranges: [git] })).toMatchObject({ kind: 'undetermined' });
    expect(matchNpm('latest', { versions: ['0.9.0'], ranges: [] })).toMatchObject({ kind: 'undetermined' });
    expect(matchNpm('latest', { versions: ['latest'], ranges: [] })).toEqual({ kind: 'affected' });
    expect(matchNpm('0.9.0', { versions: ['0.9.0'], ranges: [git] })).toEqual({ kind: 'affected' });
    expect(matchNpm('1.0.0', { versions: [], ranges: [git] }).kind).toBe('undetermined');
  });

  it('offers the lowest fix that no other range of the record affects', () => {
    const affected = ranges(
      [{ introduced: '0' }, { fixed: '1.2.0' }],
      [{ introduced: '1.1.0' }, { fixed: '1.3.0' }],
      [{ introduced: '2.0.0' }, { fixed: '2.0.5' }],
    );
    expect(matchNpm('1.0.0', affected)).toEqual({ kind: 'affected', fixedVersion: '1.3.0' });
    expect(matchNpm('2.0.0', affected)).toEqual({ kind: 'affected', fixedVersion: '2.0.5' });
  });

  it('never offers an older version as the fix', () => {
    const affected = ranges([{ introduced: '0' }, { fixed: '1.2.0' }, { introduced: '2.0.0' }]);
    expect(matchNpm('2.1.0', affected)).toEqual({ kind: 'affected' });
  });

  describe('when a comparison is undetermined', () => {
    it('cannot tell of an installed version that is none', () => {
      const affected = ranges([{ introduced: '0' }, { fixed: '1.2.0' }]);
      expect(matchNpm('', affected).kind).toBe('undetermined');
      expect(matchNpm('garbage', affected)).toMatchObject({ reason: expect.stringContaining('"garbage"') });
    });

    it('still knows that everything is affected when nothing is fixed', () => {
      expect(matchNpm('garbage', ranges([{ introduced: '0' }]))).toEqual({ kind: 'affected' });
    });

    it('cannot tell when the fix is no version', () => {
      expect(matchNpm('1.0.0', ranges([{ introduced: '0' }, { fixed: 'soon' }])).kind).toBe('undetermined');
    });

    it('can tell when the unreadable event would say the same', () => {
      const affected = ranges([{ introduced: '0' }, { introduced: 'odd' }, { fixed: '1.2.0' }]);
      // 1.2.0 is not offered: it may be affected.
      expect(matchNpm('1.0.0', affected)).toEqual({ kind: 'affected' });
      expect(matchNpm('1.3.0', affected).kind).toBe('undetermined');
    });

    it('lets another range decide', () => {
      const affected = ranges(
        [{ introduced: '0' }, { fixed: 'soon' }],
        [{ introduced: '0' }, { fixed: '2.0.0' }],
      );
      expect(matchNpm('1.0.0', affected)).toEqual({ kind: 'affected' });
    });
  });
});

describe('mergeAffected()', () => {
  it('needs the later of two fixes that one record gives for one release (ALPINE-CVE-2017-3738)', () => {
    const fixedBy = (fixed: string): AffectedPackage => ({
      versions: [],
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
    });
    const affected = mergeAffected([fixedBy('1.0.2n-r0'), fixedBy('1.0.2o-r0')]);
    const match = (version: string) => matchAffected({ version, affected, order: apkOrder });
    expect(match('1.0.2h-r1')).toEqual({ kind: 'affected', fixedVersion: '1.0.2o-r0' });
    expect(match('1.0.2n-r0')).toEqual({ kind: 'affected', fixedVersion: '1.0.2o-r0' });
    expect(match('1.0.2o-r0')).toEqual(notAffected);
  });

  it('keeps the rating and the fix state that one of them bears', () => {
    const urgent: AffectedPackage = {
      versions: [],
      ranges: [],
      urgency: 'unimportant',
      fixState: 'wont-fix',
    };
    expect(mergeAffected([{ versions: ['1'], ranges: [] }, urgent])).toEqual({
      versions: ['1'],
      ranges: [],
      urgency: 'unimportant',
      fixState: 'wont-fix',
    });
  });
});
