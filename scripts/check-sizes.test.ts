import { describe, expect, it } from 'vitest';
import { checkFolders, checkSizes } from './check-sizes.ts';

describe('checkSizes()', () => {
  it('accepts 500 lines and refuses 501', () => {
    expect(checkSizes([{ path: 'src/oci/digest.ts', text: 'x\n'.repeat(500) }])).toEqual([]);
    expect(checkSizes([{ path: 'src/oci/digest.ts', text: 'x\n'.repeat(501) }])).toEqual([
      { file: 'src/oci/digest.ts', message: '501 lines, at most 500' },
    ]);
  });

  it.each(['src/common/a.ts', 'src/oci/utils.ts', 'src/oci/types.ts'])(
    'refuses the generic name %s',
    (path) => {
      expect(checkSizes([{ path, text: '' }])).toHaveLength(1);
    },
  );

  it('refuses a name that is not kebab-case', () => {
    expect(checkSizes([{ path: 'src/oci/parseDigest.ts', text: '' }])[0]?.message).toContain('kebab-case');
  });
});

describe('checkFolders()', () => {
  const filesOf = (folder: string, count: number, suffix = '.ts') =>
    Array.from({ length: count }, (_, index) => `${folder}/file-${index}${suffix}`);

  it('accepts 30 files and their tests, refuses 31', () => {
    expect(checkFolders([...filesOf('src/oci', 30), ...filesOf('src/oci', 40, '.test.ts')])).toEqual([]);
    expect(checkFolders(filesOf('src/oci', 31))).toEqual([
      { file: 'src/oci', message: '31 files besides tests, at most 30' },
    ]);
  });

  it('accepts 25 folders of three within one another, refuses a 26th and a fourth', () => {
    const rooms = Array.from({ length: 25 }, (_, index) => `src/room-${index}/one/two/file.ts`);
    expect(checkFolders(rooms)).toEqual([]);
    expect(checkFolders([...rooms, 'src/more/file.ts'])).toHaveLength(1);
    expect(checkFolders(['src/one/two/three/four/file.ts'])).toHaveLength(1);
  });

  it('leaves other folders of the project alone', () => {
    expect(checkFolders(filesOf('e2e', 100))).toEqual([]);
  });
});
