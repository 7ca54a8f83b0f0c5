import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packIds, readIds, unpackIds } from './packed-ids.ts';
import { StoredReportError } from './stored-report-error.ts';

/** As sets were stored before migration 0028. */
function packPlainly(ids: readonly number[]): Buffer {
  const packed = Buffer.alloc(ids.length * 4);
  for (const [index, id] of ids.entries()) packed.writeUInt32LE(id, index * 4);
  return packed;
}

const idSets = fc.uniqueArray(fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 })), {
  maxLength: 200,
});

test('packIds() and unpackIds() give back every set in ascending order, old ones too', () => {
  fc.assert(
    fc.property(idSets, (ids) => {
      const sorted = ids.toSorted((a, b) => a - b);
      const packed = packIds([...ids, ...ids.slice(0, 3)]);
      expect(packed.length % 4).not.toBe(0);
      expect(unpackIds(packed)).toEqual(sorted);
      expect(unpackIds(packPlainly(sorted))).toEqual(sorted);
    }),
  );
});

test('readIds() leaves what is behind the last id as it was', () => {
  const into = new Uint32Array(16).fill(9);
  expect(readIds(packIds([1, 70_000]), into)).toBe(2);
  expect([...into.subarray(0, 4)]).toEqual([1, 70_000, 9, 9]);
});

test.each([
  ['a format of a later version', Buffer.of(3, 1)],
  ['an id without an end', Buffer.of(1, 0x80)],
  ['an id of more than 32 bits', Buffer.of(1, 0x81, 0x81, 0x81, 0x81, 0x81, 1)],
])('unpackIds() refuses %s', (_, packed) => {
  expect(() => unpackIds(packed)).toThrow(StoredReportError);
});

test('packIds() takes a third of what plain numbers take, of packages as images share them', () => {
  const ids = Array.from({ length: 300 }, (_, index) => 150_000 + index * 90);
  expect(packIds(ids).length).toBeLessThan(420);
});
