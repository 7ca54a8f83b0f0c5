import { describe, expect, it } from 'vitest';
import type { Distribution } from '../../report/distribution.ts';
import { isSameReleaseLine, linePrefix } from './release-line.ts';

const distribution = (id: string, versionId: string, release?: string): Distribution => ({
  id,
  versionId,
  prettyName: id,
  ...(release === undefined ? {} : { ecosystem: id, release }),
});
const debian12 = distribution('debian', '12', '12');
const alpine318 = distribution('alpine', '3.18.4', 'v3.18');
const alpine319 = distribution('alpine', '3.19.1', 'v3.19');
const wolfi = distribution('wolfi', '20230201', '');

describe('isSameReleaseLine()', () => {
  it.each([
    ['the same tag', '12-slim', '12-slim', debian12, debian12],
    ['a patch', '3.18.4', '3.18.6', alpine318, distribution('alpine', '3.18.6', 'v3.18')],
    ['a patch with a suffix', 'v20.11.0-bookworm', 'v20.11.1-bookworm', debian12, debian12],
    ['a point release of the distribution itself', '12.5', '12.10', debian12, debian12],
    ['a rolling distribution', '1.2.3', '1.2.4', wolfi, wolfi],
  ])('goes on with %s', (_what, from, to, before, after) => {
    expect(isSameReleaseLine({ tag: from, distribution: before }, { tag: to, distribution: after })).toBe(
      true,
    );
  });

  it.each([
    ['another release of the distribution under the same tag', '3', '3', alpine318, alpine319],
    ['another release by tags', '3.18', '3.19', alpine318, alpine319],
    ['another minor version', '3.11.4', '3.12.0', debian12, debian12],
    ['another version of a runtime with two numbers', '3.11', '3.12', debian12, debian12],
    ['another major version', '20', '22', debian12, debian12],
    ['an older one', '12.5', '12.4', debian12, debian12],
    ['another variant', '20.11.0-slim', '20.11.1', debian12, debian12],
    ['a more exact tag', '20.11', '20.11.1', debian12, debian12],
    ['a tag that tells no line', 'latest', 'latest', debian12, debian12],
    ['another distribution', '1.0.0', '1.0.1', debian12, alpine318],
    ['an unknown distribution', '1.0.0', '1.0.1', undefined, undefined],
  ])('does not go on with %s', (_what, from, to, before, after) => {
    expect(isSameReleaseLine({ tag: from, distribution: before }, { tag: to, distribution: after })).toBe(
      false,
    );
  });
});

describe('linePrefix()', () => {
  it('is all but the last number of the version', () => {
    expect(['v3.18.4-slim', '12.5', '12', 'latest'].map(linePrefix)).toEqual([
      'v3.18.',
      '12.',
      undefined,
      undefined,
    ]);
  });
});
