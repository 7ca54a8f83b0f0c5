import { describe, expect, test } from 'vitest';
import { safePath } from './safe-path.ts';

describe('safePath()', () => {
  test('keeps a path of the console with its query', () => {
    expect(safePath('/images/1?finding=CVE-2016-6304~libssl1.0')).toBe(
      '/images/1?finding=CVE-2016-6304~libssl1.0',
    );
  });

  test.each([
    '//evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '',
    null,
  ])('leads %j to the overview', (next) => {
    expect(safePath(next)).toBe('/');
  });
});
