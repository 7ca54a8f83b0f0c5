import { describe, expect, it } from 'vitest';
import { checkSizes } from './check-sizes.ts';

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
