import { describe, expect, test } from 'vitest';
import type { Image } from '../api/answers.ts';
import { standingOf } from './standing.ts';

const nothing = {
  highest: null,
  critical: 0,
  high: 0,
  medium: 0,
  low: 0,
  negligible: 0,
  unknown: 0,
  fixable: 0,
  knownExploited: 0,
};
const progress = { layersDone: 1, layersTotal: 1, layersRead: 1 };

const unlooked: Image['malware'] = {
  state: 'not-scanned',
  counts: null,
  signatures: [],
  inspectedAt: null,
};
const { highest: _, fixable: __, knownExploited: ___, ...noCounts } = nothing;

type Judged = Parameters<typeof standingOf>[0];

function image(change: Partial<Judged> & { state?: Image['scan']['state'] } = {}): Judged {
  const { state = 'scanned', ...rest } = change;
  return {
    kind: 'image',
    scan: { state, progress },
    severity: nothing,
    doubts: [],
    malware: unlooked,
    ...rest,
  };
}

describe('standingOf()', () => {
  test('calls clean what was wholly looked at without a finding', () => {
    expect(standingOf(image())).toBe('clean');
  });

  test.each([
    ['a doubt', image({ doubts: [{ code: 'feed-stale', message: 'The feed is 9 days old' }] })],
    ['an undetermined scan', image({ state: 'undetermined' })],
    ['an incomplete scan', image({ state: 'incomplete' })],
    ['a failed scan', image({ state: 'failed', severity: null })],
    ['a failed re-scan', image({ state: 'failed' })],
    [
      'an incomplete search for malware',
      image({ malware: { ...unlooked, state: 'incomplete', counts: noCounts } }),
    ],
  ])('never calls clean, but could not tell, what has %s', (_case, judged) => {
    expect(standingOf(judged)).toBe('could-not-tell');
  });

  test.each([
    ['not scanned', image({ state: 'not-scanned', severity: null }), 'not-scanned'],
    ['cancelled before a result', image({ state: 'cancelled', severity: null }), 'not-scanned'],
    ['being scanned for the first time', image({ state: 'scanning', severity: null }), 'scanning'],
    ['an artifact', image({ kind: 'artifact', state: 'unsupported', severity: null }), 'not-applicable'],
    ['an index', image({ kind: 'index', state: 'unsupported', severity: null }), 'not-applicable'],
    ['a finding', image({ severity: { ...nothing, highest: 'unknown', unknown: 1 } }), 'findings'],
    [
      'a finding and a running re-scan',
      image({ state: 'scanning', severity: { ...nothing, highest: 'low', low: 1 } }),
      'findings',
    ],
  ])('tells %s apart', (_case, judged, standing) => {
    expect(standingOf(judged)).toBe(standing);
  });

  test('calls malware a finding, whatever its severity', () => {
    const malware: Image['malware'] = { ...unlooked, state: 'scanned', counts: { ...noCounts, low: 1 } };
    expect(standingOf(image({ malware }))).toBe('findings');
  });
});
