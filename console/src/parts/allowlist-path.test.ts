import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../src/policy/pattern.ts';
import { allowlistPath, patternOfPath } from './allowlist-path.ts';

describe('patternOfPath()', () => {
  test.each([
    ['etc/ssl/private/server.key', 'etc/ssl/private/server.key'],
    ['config:env/AWS_SECRET', 'config:env/AWS_SECRET'],
    ['opt/app.jar > lib/b.jar', 'opt/app.jar?>?lib/b.jar'],
    ['srv/{a,b}/[x]*?\\y', 'srv/?a?b?/?x????y'],
  ])('of %j is %j, which matches it', (path, pattern) => {
    expect(patternOfPath(path)).toBe(pattern);
    expect(compilePattern(pattern).matches(path)).toBe(true);
  });

  test.each([`${'long/'.repeat(60)}file`, `a/${'b'.repeat(300)}/c`, `a/${'b'.repeat(300)}`])(
    'of %j is short enough, and matches it',
    (path) => {
      const pattern = patternOfPath(path);
      expect(pattern.length).toBeLessThanOrEqual(256);
      expect(compilePattern(pattern).matches(path)).toBe(true);
    },
  );

  test('of a long path keeps the file', () => {
    expect(compilePattern(patternOfPath(`${'long/'.repeat(60)}file`)).matches('long/other')).toBe(false);
  });
});

describe('allowlistPath()', () => {
  test('fills in what is given', () => {
    expect(allowlistPath('team', { ids: ['CVE-2016-9841'], repository: 'app', package: 'zlib' })).toBe(
      '/namespaces/team?tab=allowlist&ids=CVE-2016-9841&repository=app&package=zlib',
    );
  });

  test('leads to the empty form when nothing is', () => {
    expect(allowlistPath('team', { ids: [] })).toBe('/namespaces/team?tab=allowlist');
  });
});
