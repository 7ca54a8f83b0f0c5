import { endOfDigits } from './_digits.ts';

/** Longest text that is looked at; the longest version that the advisories of OSV.dev name has some 100 characters. */
const versionLengthMax = 1000;

/** Reads a version from left to right, each character at most a few times. Letters come out in lower case. */
export class TextScanner {
  readonly #text: string;
  #at = 0;

  private constructor(text: string) {
    this.#text = text;
  }

  /** Undefined for what is too long to be a version, for nothing, and where other than visible ASCII characters stand. */
  static over(text: string): TextScanner | undefined {
    return text.length > versionLengthMax || !/^[!-~]+$/.test(text)
      ? undefined
      : new TextScanner(text.toLowerCase());
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** The digits from here on; empty when there are none. */
  digits(): string {
    const start = this.#at;
    this.#at = endOfDigits(this.#text, start);
    return this.#text.slice(start, this.#at);
  }

  /** Whether one of the characters stood here; it is read past. */
  skipOneOf(characters: string): boolean {
    if (this.isAtEnd || !characters.includes(this.#text.charAt(this.#at))) return false;
    this.#at += 1;
    return true;
  }

  /** The first of the words that stands here, and is read past; undefined when none does. */
  word<T extends string>(words: readonly T[]): T | undefined {
    const word = words.find((known) => this.#text.startsWith(known, this.#at));
    this.#at += word?.length ?? 0;
    return word;
  }

  /** What the pattern, which begins with `^` and repeats within bounds only, matches here. */
  match(pattern: RegExp): string | undefined {
    const [found] = pattern.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** Everything up to the end. */
  rest(): string {
    const start = this.#at;
    this.#at = this.#text.length;
    return this.#text.slice(start);
  }

  /** What `read` reads, or undefined with nothing read. */
  attempt<T>(read: () => T | undefined): T | undefined {
    const start = this.#at;
    const value = read();
    if (value === undefined) this.#at = start;
    return value;
  }
}
