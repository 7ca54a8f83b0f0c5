import { expect, test } from 'vitest';
import { parseByteSize } from './parse-byte-size.ts';

test.each([
  ['10GiB', 10 * 2 ** 30],
  [' 1.5 mib ', 1.5 * 2 ** 20],
  ['0', 0],
  ['512 B', 512],
  ['', undefined],
  ['10 GB', undefined],
  ['-1 GiB', undefined],
  ['9999999 TiB', undefined],
])('parseByteSize(%j) is %j', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});
