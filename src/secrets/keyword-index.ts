const gramBytes = 3;
const stride = 2;
const hashBits = 16;
/** Spreads the bits of a gram (Knuth, The Art of Computer Programming 3, §6.4: 2^32 divided by the golden ratio). */
const multiplier = 0x9e3779b1;

/** Shortest keyword: whichever of its first two places the search looks at, a whole gram follows. */
export const keywordBytesMin = gramBytes + stride - 1;

interface Keyword<Value> {
  readonly bytes: Buffer;
  readonly values: readonly Value[];
}

/**
 * Finds many keywords in one pass. Every second place of the text is looked at: the three bytes there are either those at
 * the beginning of a keyword or those one further, or no keyword stands there. One table look-up tells nearly always.
 */
export class KeywordIndex<Value> {
  readonly #isGram = new Uint8Array(1 << hashBits);
  /** By the hash of a gram: the keywords in which it stands first (shift 0) or second (shift 1). */
  readonly #byGram = new Map<number, { readonly keyword: Keyword<Value>; readonly shift: number }[]>();

  /** Keywords of `keywordBytesMin` or more ASCII characters, with what stands for each. */
  constructor(entries: readonly (readonly [keyword: string, value: Value])[]) {
    const byText = new Map<string, Value[]>();
    for (const [text, value] of entries) byText.set(text, [...(byText.get(text) ?? []), value]);
    for (const [text, values] of byText) {
      const keyword = { bytes: Buffer.from(text, 'latin1'), values };
      if (keyword.bytes.length < keywordBytesMin) {
        throw new Error(
          `Cannot index the keyword "${text}": it must have ${keywordBytesMin} characters or more`,
        );
      }
      for (let shift = 0; shift < stride; shift += 1)
        this.#add(hashGram(keyword.bytes, shift), { keyword, shift });
    }
  }

  /** Tells of every keyword that begins at `from` or later and before `to`, in any order near one another. */
  search(
    text: Buffer,
    range: { readonly from: number; readonly to: number },
    onFound: (values: readonly Value[], offset: number) => void,
  ): void {
    const isGram = this.#isGram;
    const end = Math.min(text.length - gramBytes + 1, range.to + 1);
    for (let at = range.from; at < end; at += stride) {
      const hash = hashGram(text, at);
      if (isGram[hash] === 1) this.#check(text, at, hash, range, onFound);
    }
  }

  #check(
    text: Buffer,
    at: number,
    hash: number,
    range: { readonly from: number; readonly to: number },
    onFound: (values: readonly Value[], offset: number) => void,
  ): void {
    for (const { keyword, shift } of this.#byGram.get(hash) ?? []) {
      const start = at - shift;
      if (start < range.from || start >= range.to) continue;
      if (standsAt(text, keyword.bytes, start)) onFound(keyword.values, start);
    }
  }

  #add(hash: number, entry: { readonly keyword: Keyword<Value>; readonly shift: number }): void {
    this.#isGram[hash] = 1;
    this.#byGram.set(hash, [...(this.#byGram.get(hash) ?? []), entry]);
  }
}

/** In a loop, because nearly all differ in their first bytes and a call of the runtime costs more than that. */
function standsAt(text: Buffer, keyword: Buffer, start: number): boolean {
  for (let index = 0; index < keyword.length; index += 1) {
    if (text[start + index] !== keyword[index]) return false;
  }
  return true;
}

function hashGram(bytes: Buffer, at: number): number {
  // Callers stay within the bytes.
  const gram = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return Math.imul(gram, multiplier) >>> (32 - hashBits);
}
