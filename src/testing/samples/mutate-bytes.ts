/** Numbers from 0 to below the argument; the same in every run for one seed (xorshift32). */
export type Numbers = (below: number) => number;

export function createNumbers(seed: number): Numbers {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Bytes at the edges of what readers of numbers, texts and structures expect. */
const edges = [
  '\0',
  '\xff\xff\xff\xff',
  '\x7f\xff\xff\xff',
  '\x80\0\0\0',
  '\r\n',
  '\n\n',
  '"',
  "'",
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '-1',
  '1e999',
  'null',
  '\xed\xa0\x80',
  '\ufeff',
  '__proto__',
].map((text) => Buffer.from(text, 'latin1'));

/**
 * A copy of the bytes with one to four changes, as fuzzers make them: bits turned, bytes set, edges put in, pieces cut
 * out, doubled or moved, the end cut off. Half of the places lie in the first 600 bytes, where formats keep their counts.
 */
export function mutateBytes(bytes: Buffer, numbers: Numbers): Buffer {
  let mutant = Buffer.from(bytes);
  for (let changes = 1 + numbers(4); changes > 0 && mutant.length > 0; changes -= 1) {
    const at = numbers(numbers(2) === 0 ? mutant.length : Math.min(mutant.length, 600));
    const end = Math.min(mutant.length, at + 1 + numbers(16));
    const piece = mutant.subarray(at, end);
    const edge = edges[numbers(edges.length)] ?? piece;
    switch (numbers(8)) {
      case 0:
        mutant[at] = (mutant[at] ?? 0) ^ (1 << numbers(8));
        break;
      case 1:
        mutant[at] = numbers(256);
        break;
      case 2:
        edge.copy(mutant, at);
        break;
      case 3:
        mutant = Buffer.concat([mutant.subarray(0, at), edge, mutant.subarray(at)]);
        break;
      case 4:
        mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(end)]);
        break;
      case 5:
        mutant = Buffer.concat([mutant.subarray(0, end), piece, mutant.subarray(end)]);
        break;
      case 6:
        Buffer.from(piece).copy(mutant, numbers(mutant.length));
        break;
      default:
        if (numbers(4) === 0) mutant = mutant.subarray(0, at);
        else mutant.fill(numbers(2) * 0xff, at, end);
    }
  }
  return mutant;
}
