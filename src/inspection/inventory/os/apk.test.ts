import { describe, expect, it } from 'vitest';
import { apkExtractor } from './apk.ts';

function extract(text: string) {
  return apkExtractor.extract('lib/apk/db/installed', Buffer.from(text));
}

const record = 'C:Q1abc=\nP:libssl1.0\nV:1.0.2h-r1\nA:x86_64\no:openssl\nt:1466671780\nD:so:libc\n';

describe('apkExtractor', () => {
  it('wants the database where old and new releases keep it, and nothing else', () => {
    expect(apkExtractor.wants('lib/apk/db/installed')).toBe(true);
    expect(apkExtractor.wants('usr/lib/apk/db/installed')).toBe(true);
    expect(apkExtractor.wants('lib/apk/db/triggers')).toBe(false);
    expect(apkExtractor.wants('srv/lib/apk/db/installed')).toBe(false);
  });

  it('reads name, version, origin, architecture and build time', () => {
    expect(extract(`${record}\n`)).toEqual([
      {
        kind: 'package',
        manager: 'apk',
        name: 'libssl1.0',
        version: '1.0.2h-r1',
        sourceName: 'openssl',
        sourceVersion: '1.0.2h-r1',
        architecture: 'x86_64',
        builtAt: '2016-06-23T08:49:40.000Z',
      },
    ]);
  });

  it('reads the last record without an empty line after it, and one without origin and time', () => {
    expect(extract('P:musl\nV:1.1.14-r10')).toMatchObject([{ name: 'musl', sourceName: 'musl' }]);
    expect(extract('P:musl\nV:1-r0\nt:soon\n')[0]).not.toHaveProperty('builtAt');
    expect(extract('P:musl\nV:1-r0\nA:no such\n')[0]).not.toHaveProperty('architecture');
  });

  it('finds the npm packages and programs that apk installed', () => {
    const files = 'F:usr/lib/node_modules/npm\nR:package.json\na:0:0:644\nR:README.md\nF:usr/bin\nR:npm\n';
    expect(extract(`P:npm\nV:9-r0\n${files}`)).toEqual([
      { kind: 'owned-path', path: 'usr/lib/node_modules/npm/package.json' },
      { kind: 'owned-path', path: 'usr/bin/npm' },
      expect.objectContaining({ name: 'npm' }),
    ]);
  });

  it('complains once about records without a name or version, and reads on', () => {
    const found = extract(`P:no-version\n\nV:1.0\n\n${record}\nP:\nV:1\n\n`);
    expect(found.map(({ kind }) => kind)).toEqual(['unreadable', 'package']);
  });

  it('complains about what is no database at all', () => {
    expect(extract('\u007fELF garbage\nmore')).toEqual([
      { kind: 'unreadable', reason: 'A line of the apk database is not "<letter>:<value>"' },
    ]);
  });

  it('finds nothing in an empty file', () => {
    expect(extract('')).toEqual([]);
    expect(extract('\n\n')).toEqual([]);
  });

  it('bounds what a hostile database may hold, and says so', () => {
    const found = extract('P:a\nV:1\n\n'.repeat(100_100));
    expect(found).toHaveLength(100_001);
    expect(found.at(-1)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('more than 100000'),
    });
  });
});
