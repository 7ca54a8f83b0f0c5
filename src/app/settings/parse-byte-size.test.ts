import { expect, it } from 'vitest';
import { parseByteSize } from './parse-byte-size.ts';

it.each([
  ['0', 0],
  ['1024', 1024],
  ['3KiB', 3 * 2 ** 10],
  ['10GiB', 10 * 2 ** 30],
  ['2TiB', 2 ** 41],
  ['', undefined],
  ['10 GiB', undefined],
  ['10GB', undefined],
  ['10gib', undefined],
  ['-1', undefined],
  ['1.5GiB', undefined],
  ['999999999TiB', undefined],
])('parseByteSize(%j) is %j', (text, sizeBytes) => {
  expect(parseByteSize(text)).toBe(sizeBytes);
});
