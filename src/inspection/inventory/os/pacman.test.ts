import { describe, expect, it } from 'vitest';
import { pacmanExtractor } from './pacman.ts';

const folder = 'var/lib/pacman/local/openssl-3.1.4-1';
const extract = (text: string, name = 'desc') =>
  pacmanExtractor.extract(`${folder}/${name}`, Buffer.from(text));

describe('pacmanExtractor', () => {
  it('wants what describes a package, and the database itself', () => {
    expect(pacmanExtractor.wants(`${folder}/desc`)).toBe(true);
    expect(pacmanExtractor.wants(`${folder}/files`)).toBe(true);
    expect(pacmanExtractor.wants('var/lib/pacman/local/ALPM_DB_VERSION')).toBe(true);
    expect(pacmanExtractor.wants(`${folder}/mtree`)).toBe(false);
    expect(pacmanExtractor.wants(`${folder}/x/desc`)).toBe(false);
  });

  it('reads name, version, base, architecture and build time', () => {
    const text =
      '%NAME%\nopenssl-libs\n\n%VERSION%\n1:3.1.4-1\n\n%BASE%\nopenssl\n\n%DESC%\n%NAME%\n\n%ARCH%\nx86_64\n\n%BUILDDATE%\n1698000000\n\n';
    expect(extract(text)).toEqual([
      {
        kind: 'package',
        manager: 'pacman',
        name: 'openssl-libs',
        version: '1:3.1.4-1',
        sourceName: 'openssl',
        sourceVersion: '1:3.1.4-1',
        architecture: 'x86_64',
        builtAt: '2023-10-22T18:40:00.000Z',
      },
    ]);
  });

  it.each([
    ['no-version', '%NAME%\na\n\n'],
    ['empty-file', ''],
    ['garbage', 'x'.repeat(1000)],
  ])('says that it could not read %s', (_condition, text) => {
    expect(extract(text).map(({ kind }) => kind)).toEqual(['unreadable']);
  });

  it('knows the programs that a package owns', () => {
    expect(
      extract('%FILES%\nusr/\nusr/bin/\nusr/bin/openssl\nusr/share/x\n\n%BACKUP%\nusr/bin/y\n', 'files'),
    ).toEqual([
      { kind: 'owned-path', path: 'usr/bin/' },
      { kind: 'owned-path', path: 'usr/bin/openssl' },
    ]);
  });
});
