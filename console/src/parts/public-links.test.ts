import { describe, expect, test } from 'vitest';
import { publicLinks, webAddress } from './public-links.ts';

describe('webAddress()', () => {
  test.each(['https://www.openssl.org/news/secadv/20160922.txt', 'http://example.org/'])(
    'accepts %s',
    (url) => {
      expect(webAddress(url)).toBe(url);
    },
  );

  test.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'no address',
    '',
  ])('refuses %j', (url) => {
    expect(webAddress(url)).toBeUndefined();
  });
});

describe('publicLinks()', () => {
  test('links a CVE to NVD, OSV and the Debian tracker', () => {
    expect(publicLinks('CVE-2016-6304').map((link) => link.url)).toEqual([
      'https://nvd.nist.gov/vuln/detail/CVE-2016-6304',
      'https://osv.dev/vulnerability/CVE-2016-6304',
      'https://security-tracker.debian.org/tracker/CVE-2016-6304',
    ]);
  });

  test('quotes an id that is not one', () => {
    expect(publicLinks('x/../"><script>')).toEqual([
      { label: 'OSV', url: 'https://osv.dev/vulnerability/x%2F..%2F%22%3E%3Cscript%3E' },
    ]);
  });
});
