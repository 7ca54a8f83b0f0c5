import { describe, expect, it } from 'vitest';
import { freeTagNames } from './free-tag-names.ts';
import { describeRule, type ImmutabilityRule, immutableBy } from './immutability.ts';
import { PatternUnreadableError } from './pattern.ts';

const latest: ImmutabilityRule = {
  id: 1,
  template: 'latest',
  repositories: { match: 'matching', pattern: '**' },
  tags: { match: 'excluding', pattern: 'latest' },
  allowDelete: false,
  enabled: true,
};
const custom: ImmutabilityRule = {
  ...latest,
  id: 2,
  template: 'custom',
  repositories: { match: 'excluding', pattern: 'sandbox/**' },
  tags: { match: 'matching', pattern: 'v*,release-*' },
};

function rulesOf(rules: readonly ImmutabilityRule[], repository: string, tag: string): readonly number[] {
  return immutableBy(rules, { repository, tag }).map(({ id }) => id);
}

describe('immutableBy()', () => {
  it.each([
    ['app', 'v1', [1]],
    ['a/b/c', 'v1', [1]],
    ['app', 'latest', []],
    ['app', 'latest2', [1]],
    ['app', 'LATEST', [1]],
  ])('by the template latest finds %s:%s immutable by %j', (repository, tag, ids) => {
    expect(rulesOf([latest], repository, tag)).toEqual(ids);
  });

  it.each([
    ['app', 'v1', [2]],
    ['app', 'release-2', [2]],
    ['app', 'dev', []],
    ['sandbox/x', 'v1', []],
  ])('by a custom rule finds %s:%s immutable by %j', (repository, tag, ids) => {
    expect(rulesOf([custom], repository, tag)).toEqual(ids);
  });

  it('names every rule that matches, and no disabled one', () => {
    expect(rulesOf([latest, custom], 'app', 'v1')).toEqual([1, 2]);
    expect(rulesOf([{ ...latest, enabled: false }, custom], 'app', 'v1')).toEqual([2]);
  });

  it('throws for a stored pattern that cannot be read', () => {
    const broken = { ...custom, tags: { match: 'matching', pattern: '{' } } as const;
    expect(() => rulesOf([broken], 'app', 'v1')).toThrow(PatternUnreadableError);
  });
});

describe('describeRule()', () => {
  it('says what a rule covers', () => {
    expect(describeRule(latest)).toBe('rule 1: every tag except latest');
    expect(describeRule(custom)).toBe('rule 2: all repositories but sandbox/**, tags v*,release-*');
  });
});

describe('freeTagNames()', () => {
  it('counts on from the tag', () => {
    expect(freeTagNames('v1', 2)).toEqual(['v1-2', 'v1-3']);
    expect(freeTagNames('v1-2', 2)).toEqual(['v1-3', 'v1-4']);
  });

  it('stays within 128 characters', () => {
    const [name] = freeTagNames('x'.repeat(128), 1);
    expect(name).toBe(`${'x'.repeat(126)}-2`);
  });
});
