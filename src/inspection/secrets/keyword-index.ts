const gramBytes = 3;
const gramMask = 0xffffff;
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

/** Where keywords must begin that count. */
interface SearchRange {
  readonly from: number;
  readonly to: number;
}

type OnFound<Value> = (values: readonly Value[], offset: number) => void;

interface Search<Value> {
  readonly words: DataView;
  readonly range: SearchRange;
  readonly onFound: OnFound<Value>;
}

/**
 * Finds many keywords in one pass. Every second place of the text is looked at: the three bytes there are either those at
 * the beginning of a keyword or those one further, or no keyword stands there. One table look-up tells nearly always; the
 * first four bytes of a keyword then name the few that may stand there.
 */
export class KeywordIndex<Value> {
  /** By the hash of a gram: whether it stands first (1) or second (2) in a keyword, or both (3). */
  readonly #shifts = new Uint8Array(1 << hashBits);
  /** By the hash of four bytes: whether a keyword begins with them. */
  readonly #isHead = new Uint8Array(1 << hashBits);
  /** By the first four bytes. */
  readonly #byHead = new Map<number, Keyword<Value>[]>();

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
      for (let shift = 0; shift < stride; shift += 1) this.#addGram(keyword.bytes, shift);
      const head = keyword.bytes.readUInt32LE(0);
      this.#isHead[hashOf(head)] = 1;
      this.#byHead.set(head, [...(this.#byHead.get(head) ?? []), keyword]);
    }
  }

  /** Tells of every keyword that begins at `from` or later and before `to`, in any order near one another. */
  search(text: Buffer, range: SearchRange, onFound: OnFound<Value>): void {
    const shifts = this.#shifts;
    const isHead = this.#isHead;
    // A load of four bytes is three times as fast as three of one. At the last place but two no keyword begins, but its
    // second byte may stand there.
    const words = new DataView(text.buffer, text.byteOffset, text.length);
    const search = { words, range, onFound };
    const last = text.length - gramBytes;
    let at = range.from;
    for (const end = Math.min(last, range.to + 1); at < end; at += stride) {
      const word = words.getUint32(at, true);
      const shift = shifts[hashOf(word & gramMask)] ?? 0;
      if (shift === 0) continue;
      if ((shift & 1) !== 0 && isHead[hashOf(word)] === 1) this.#check(search, at);
      if ((shift & 2) === 0 || at === 0) continue;
      if (isHead[hashOf(words.getUint32(at - 1, true))] === 1) this.#check(search, at - 1);
    }
    if (at === last && at > range.from) this.#check(search, at - 1);
  }

  #check(search: Search<Value>, start: number): void {
    const { words, range, onFound } = search;
    if (start < range.from || start >= range.to) return;
    for (const { bytes, values } of this.#byHead.get(words.getUint32(start, true)) ?? []) {
      if (standsAt(words, bytes, start)) onFound(values, start);
    }
  }

  #addGram(keyword: Buffer, shift: number): void {
    const hash = hashOf(keyword.readUIntLE(shift, gramBytes));
    this.#shifts[hash] = (this.#shifts[hash] ?? 0) | (1 << shift);
  }
}

/** Beyond the first four bytes, which are known. */
function standsAt(words: DataView, keyword: Buffer, start: number): boolean {
  if (start + keyword.length > words.byteLength) return false;
  for (let index = keywordBytesMin; index < keyword.length; index += 1) {
    if (words.getUint8(start + index) !== keyword[index]) return false;
  }
  return true;
}

function hashOf(bytes: number): number {
  return Math.imul(bytes, multiplier) >>> (32 - hashBits);
}
