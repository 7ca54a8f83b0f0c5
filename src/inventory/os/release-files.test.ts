import { describe, expect, it } from 'vitest';
import { releaseFileExtractor } from './release-files.ts';

function extract(path: string, text: string) {
  return releaseFileExtractor.extract(path, Buffer.from(text));
}

describe('releaseFileExtractor', () => {
  it('reads os-release with either quotes, escapes, comments and none (os-release(5))', () => {
    const text = `# comment\nNAME='Debian GNU/Linux'\nID=debian\nVERSION_ID="12"\nPRETTY_NAME="A \\"B\\" \\$C"\n`;
    expect(extract('etc/os-release', text)).toEqual([
      { kind: 'release', source: 'os-release', id: 'debian', versionId: '12', prettyName: 'A "B" $C' },
    ]);
  });

  it('makes up a pretty name where there is none', () => {
    expect(extract('usr/lib/os-release', 'ID=arch\nNAME="Arch Linux"\n')).toMatchObject([
      { id: 'arch', versionId: '', prettyName: 'Arch Linux' },
    ]);
    expect(extract('etc/os-release', 'ID=x\nVERSION_ID=3')).toMatchObject([{ prettyName: 'x 3' }]);
  });

  it('reads the older files of Alpine and Debian', () => {
    expect(extract('etc/alpine-release', '3.4.0\n')).toMatchObject([{ id: 'alpine', versionId: '3.4.0' }]);
    expect(extract('etc/debian_version', 'trixie/sid\n')).toMatchObject([
      { id: 'debian', versionId: 'trixie/sid' },
    ]);
  });

  it('finds no release in a file that names none', () => {
    expect(extract('etc/os-release', '')).toEqual([]);
    expect(extract('etc/os-release', 'NAME=x\nID=\n')).toEqual([]);
    expect(extract('etc/alpine-release', '\n')).toEqual([]);
  });

  it('wants no path that merely looks like one of an object', () => {
    expect(releaseFileExtractor.wants('constructor')).toBe(false);
    expect(releaseFileExtractor.wants('etc/os-release')).toBe(true);
  });
});
