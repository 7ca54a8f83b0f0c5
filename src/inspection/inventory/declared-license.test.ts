import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../testing/shared-data.ts';
import { declaredLicense } from './declared-license.ts';
import { languageExtractors } from './language/language-extractors.ts';
import { osExtractors } from './os/os-extractors.ts';

/** By package name; undefined where none is kept. */
function licenses(path: string, bytes: Buffer): Readonly<Record<string, string | undefined>> {
  const found = [...osExtractors, ...languageExtractors]
    .filter((extractor) => extractor.wants(path))
    .flatMap((extractor) => extractor.extract(path, bytes));
  return Object.fromEntries(
    found.flatMap((item) => (item.kind === 'package' ? [[item.name, item.license]] : [])),
  );
}

function licenseIn(path: string, text: string): string | undefined {
  return Object.values(licenses(path, Buffer.from(text)))[0];
}

describe('declaredLicense()', () => {
  it('is one line, bounded, and nothing where nothing is said', () => {
    expect(declaredLicense([' MIT\n  License '])).toEqual({ license: 'MIT License' });
    expect(declaredLicense(['MIT', '', 'ISC'], ' OR ')).toEqual({ license: 'MIT OR ISC' });
    for (const text of ['', ' ', '(none)', 'UNKNOWN']) expect(declaredLicense([text])).toEqual({});
    const { license = '' } = declaredLicense(['x'.repeat(100_000)]);
    expect(Buffer.byteLength(license)).toBe(1024);
    expect(license.endsWith('…')).toBe(true);
  });
});

describe('licences of installed packages', () => {
  const npm = 'app/node_modules/a/package.json';
  const wheel = 'lib/site-packages/a-1.dist-info/METADATA';
  const gem = 'usr/lib/ruby/gems/specifications/a-1.gemspec';
  const composer = 'app/vendor/composer/installed.json';

  it.each([
    ['lib/apk/db/installed', 'P:a\nV:1-r0\nL:MIT AND GPL-2.0-only\n', 'MIT AND GPL-2.0-only'],
    ['lib/apk/db/installed', 'P:a\nV:1-r0\n', undefined],
    ['var/lib/dpkg/status', 'Package: a\nVersion: 1\n', undefined],
    [
      'var/lib/pacman/local/a-1-1/desc',
      '%NAME%\na\n\n%VERSION%\n1-1\n\n%LICENSE%\nGPL\nLGPL\n\n',
      'GPL, LGPL',
    ],
    [npm, '{"name":"a","version":"1.0.0","license":"(MIT OR Apache-2.0)"}', '(MIT OR Apache-2.0)'],
    [npm, '{"name":"a","license":{"type":"ISC","url":"x"}}', 'ISC'],
    [npm, '{"name":"a","licenses":[{"type":"MIT"},{"type":"GPL-2.0"},7]}', 'MIT OR GPL-2.0'],
    [npm, '{"name":"a","license":{"type":{"type":"x"}}}', undefined],
    [wheel, 'Name: a\nLicense: MIT License\nLicense-Expression: MIT\n', 'MIT'],
    [wheel, 'Name: a\nlicense: BSD\r\nVersion: 1\r\n', 'BSD'],
    [
      wheel,
      'Name: a\nLicense: Copyright\n        text\nClassifier: License :: OSI Approved :: MIT License\n',
      'MIT License',
    ],
    [
      wheel,
      'Name: a\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: ISC\nClassifier: License :: Freeware\n',
      'ISC, Freeware',
    ],
    [wheel, 'Name: a\n\nLicense: in-the-text\n', undefined],
    [gem, 's.name = "a".freeze\ns.licenses = ["Ruby".freeze, \'MIT\']\n', 'Ruby, MIT'],
    [gem, 's.name = "a"\ns.license = "MIT"\n', 'MIT'],
    [composer, '[{"name":"a/b","version":"1","license":["MIT","GPL-3.0-only"]}]', 'MIT OR GPL-3.0-only'],
    [composer, '[{"name":"a/b","version":"1","license":"MIT"}]', 'MIT'],
    ['usr/lib/R/library/a/DESCRIPTION', 'Package: a\nLicense: GPL-2 | GPL-3\nBuilt: R 4\n', 'GPL-2 | GPL-3'],
  ])('are read from %s: %j gives %s', (path, text, expected) => {
    expect(licenseIn(path, text)).toBe(expected);
  });

  const shared = sharedData();
  it.skipIf(shared === undefined)('are read from an rpm database (needs ../shared)', () => {
    const bytes = readFileSync(join(shared ?? '', 'images/rpmdb/sle15-bci.ndb/Packages.db'));
    expect(licenses('var/lib/rpm/Packages.db', bytes)).toMatchObject({ bash: 'GPL-3.0-or-later' });
  });
});
