import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldBytes } from './held-bytes.ts';

function held(...pieces: readonly string[]): HeldBytes {
  const bytes = new HeldBytes();
  for (const piece of pieces) bytes.add(Buffer.from(piece));
  return bytes;
}

describe('HeldBytes', () => {
  it('reads at any place what the joined pieces hold', () => {
    const pieces = fc.array(fc.string({ maxLength: 5 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, fc.nat(45), fc.nat(45), (parts, offset, length) => {
        const joined = Buffer.from(parts.join(''));
        expect(held(...parts).read(offset, length)).toEqual(joined.subarray(offset, offset + length));
      }),
    );
  });

  it('finds text within a piece and across any number of them', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 }), { maxLength: 9 });
    const needle = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(pieces, needle, fc.nat(12), fc.nat(30), (parts, text, from, end) => {
        const index = parts.join('').indexOf(text, from);
        const expected = index < 0 ? undefined : index;
        expect(held(...parts).indexOf(Buffer.from(text), from)).toBe(expected);
        expect(held(...parts).indexOf(Buffer.from(text), from, end)).toBe(index < end ? expected : undefined);
      }),
    );
  });

  it('keeps the pieces themselves: programs are half of an image', () => {
    const bytes = new HeldBytes();
    const piece = Buffer.from('abc');
    bytes.add(piece);
    expect(bytes.whole().buffer).toBe(piece.buffer);
    expect(bytes.whole().byteOffset).toBe(piece.byteOffset);
    expect(bytes.sizeBytes).toBe(3);
  });
});
