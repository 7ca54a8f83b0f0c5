import { describe, expect, test } from 'vitest';
import { eventDetailsInWords, eventKindInWords } from './event-in-words.ts';

describe('eventKindInWords()', () => {
  test('leaves a kind that it does not know as it is', () => {
    expect(eventKindInWords('pull.blocked')).toBe('Pull refused');
    expect(eventKindInWords('robot.expired')).toBe('robot.expired');
  });
});

describe('eventDetailsInWords()', () => {
  test('names the reasons of a refused pull', () => {
    const reasons = [
      { kind: 'vulnerability', id: 'CVE-2016-2182', packageName: 'libssl1.0', severity: 'critical' },
      { kind: 'state', state: 'undetermined', message: 'Support of Alpine Linux v3.4 ended on 2018-05-01' },
    ];
    expect(eventDetailsInWords({ details: { reasons, verdict: 'block' } })).toBe(
      'CVE-2016-2182 in libssl1.0, Support of Alpine Linux v3.4 ended on 2018-05-01',
    );
  });

  test('cuts a long list and says how much it left out', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    expect(eventDetailsInWords({ details: { ids } })).toBe('a, b, c, d, e and 2 more');
  });

  test('tells what a change led to', () => {
    expect(eventDetailsInWords({ details: { before: { mode: 'off' }, after: { mode: 'enforce' } } })).toBe(
      'mode: enforce',
    );
  });
});
