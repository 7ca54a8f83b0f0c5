import { describe, expect, it } from 'vitest';
import { compilePattern, PatternUnreadableError, parsePattern } from './pattern.ts';

const matching: readonly (readonly [pattern: string, names: readonly string[], others: readonly string[]])[] =
  [
    ['v1', ['v1'], ['v10', 'V1', 'v', '']],
    ['release-*', ['release-', 'release-1.2'], ['release', 'release-a/b', 'xrelease-1']],
    ['v?.?', ['v1.2'], ['v1.', 'v10.2', 'v1./']],
    ['*', ['a', 'a.b-c', ''], ['a/b']],
    ['**', ['a', 'a/b/c', ''], []],
    ['team/**', ['team', 'team/a', 'team/a/b'], ['teams/a', 'team2']],
    ['**/app', ['app', 'a/app', 'a/b/app'], ['myapp', 'app/x']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['a', 'az', 'a/bz']],
    ['a**z', ['az', 'abz'], ['a/z']],
    ['{a,b}', ['a', 'b'], ['ab', '{a,b}', '']],
    ['v{1,2}.{0,1{0,1}}', ['v1.0', 'v2.10', 'v1.11'], ['v1.1', 'v3.0']],
    ['a{,-x}', ['a', 'a-x'], ['a-', 'ax']],
    ['latest, stable', ['latest', 'stable'], ['latest, stable', 'latest2', ' stable']],
    ['a,b-*', ['a', 'b-', 'b-1'], ['b', 'a,b-']],
    ['{**/x,y}', ['x', 'a/x', 'y'], ['a/y']],
    ['v1.0+b|c(d)^$', ['v1.0+b|c(d)^$'], ['v1x0+b']],
  ];

describe('parsePattern()', () => {
  it.each(matching)('matches %s as a doublestar glob', (text, names, others) => {
    const pattern = compilePattern(text);
    expect(names.filter((name) => !pattern.matches(name))).toEqual([]);
    expect(others.filter((name) => pattern.matches(name))).toEqual([]);
  });

  it.each(['', '  ', 'a,', ',a', 'a,,b', '{a', 'a}', '{a,{b}', '[ab]', 'a\\*', 'a b', 'x'.repeat(257)])(
    'refuses %j',
    (text) => {
      expect(parsePattern(text).kind).toBe('invalid');
      expect(() => compilePattern(text)).toThrow(PatternUnreadableError);
    },
  );

  // threats.md E7: patterns that stop a backtracking matcher for seconds.
  it.each([
    ['(a+)+$', 'a'.repeat(127)],
    ['*a'.repeat(50), `${'a'.repeat(127)}b`],
    ['**/*a'.repeat(50), `${'a/'.repeat(63)}ab`],
    [
      `{${Array.from({ length: 80 }, (_, index) => `a${index}`).join(',')}}`
        .slice(0, 255)
        .replace(/,[^,]*$/, '}'),
      'a79x',
    ],
    ['{a,{a,{a,{a,{a,{a,{a,*}*}*}*}*}*}*}*', 'a'.repeat(128)],
  ])('matches a name of 128 characters by %s in under 1 ms', (text, name) => {
    const pattern = compilePattern(text);
    // The best of many: other work on the machine must not fail it.
    const times = Array.from({ length: 200 }, () => {
      const startedAt = performance.now();
      pattern.matches(name);
      return performance.now() - startedAt;
    });
    expect(Math.min(...times)).toBeLessThan(1);
  });
});
