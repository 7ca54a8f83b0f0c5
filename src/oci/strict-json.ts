import { decodeUtf8 } from './_decode-utf8.ts';

/** Objects are maps, so that `__proto__` is a key like any other. */
export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue =
  | null
  | boolean
  | string
  | number
  | JsonOtherNumber
  | readonly JsonValue[]
  | JsonObject;

/** A number that is not an integer 0…2^53−1 written plainly: kept as text, because rounding it would hide what was sent. */
export interface JsonOtherNumber {
  readonly kind: 'other-number';
  readonly text: string;
}

export type StrictJson =
  | { readonly kind: 'ok'; readonly value: JsonValue }
  | { readonly kind: 'invalid'; readonly message: string };

/** Deepest nesting of arrays and objects (threats.md §1.9). */
export const jsonDepthMax = 32;

/** Most members of objects and items of arrays together; an index of 10,000 images has 80,000 (threats.md C6). */
export const jsonValuesMax = 100_000;

/**
 * Parses RFC 8259 JSON and refuses what two readers could see differently: a byte order mark, invalid UTF-8, bytes after
 * the value, the same key twice in one object (escapes decoded), half a surrogate pair, nesting below `jsonDepthMax`.
 * What has more values than `jsonValuesMax` is refused without being parsed, which would hold up everybody for seconds.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  if (hasTooManyValues(bytes))
    return { kind: 'invalid', message: `must have at most ${jsonValuesMax} members and items in all` };
  const text = decodeUtf8(bytes);
  if (text === undefined) return { kind: 'invalid', message: 'must be valid UTF-8' };
  if (text.startsWith('\ufeff')) return { kind: 'invalid', message: 'must not start with a byte order mark' };
  try {
    return { kind: 'ok', value: new JsonReader(text).readDocument() };
  } catch (error) {
    if (error instanceof JsonRefusal) return { kind: 'invalid', message: error.message };
    throw error;
  }
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Counts what opens or continues an array or object, outside strings; of no JSON it is an upper bound that does no harm. */
function hasTooManyValues(bytes: Uint8Array): boolean {
  if (bytes.length <= jsonValuesMax) return false;
  let values = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) isInString = !isInString;
    else if (isInString) at += byte === backslash ? 1 : 0;
    else if (byte === comma || byte === openBrace || byte === openBracket) values += 1;
    if (values > jsonValuesMax) return true;
  }
  return false;
}

const [quote, backslash, comma, openBrace, openBracket] = [0x22, 0x5c, 0x2c, 0x7b, 0x5b];

/** Leaves the recursion; never leaves this file. */
class JsonRefusal extends Error {}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const plainIntegerPattern = /^(?:0|[1-9][0-9]{0,15})$/;
/** Characters of a string that need no look: neither a quote, nor an escape, nor a control character. */
const plainRunPattern = /[^"\\\u0000-\u001f]*/y;

/** Under the `u` flag a proper pair is one code point and no surrogate. */
const loneSurrogatePattern = /\p{Surrogate}/u;

class JsonReader {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readDocument(): JsonValue {
    const value = this.#readValue();
    this.#skipSpace();
    if (this.#position < this.#text.length) throw this.#refusal('nothing may follow the value');
    return value;
  }

  #readValue(): JsonValue {
    this.#skipSpace();
    const first = this.#text[this.#position];
    if (first === '{') return this.#nested(() => this.#readObject());
    if (first === '[') return this.#nested(() => this.#readArray());
    if (first === '"') return this.#readString();
    if (this.#takeWord('true')) return true;
    if (this.#takeWord('false')) return false;
    if (this.#takeWord('null')) return null;
    return this.#readNumber();
  }

  #nested<Value>(read: () => Value): Value {
    this.#depth += 1;
    if (this.#depth > jsonDepthMax) throw this.#refusal(`nesting must not exceed ${jsonDepthMax} levels`);
    this.#position += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #readObject(): JsonObject {
    const object = new Map<string, JsonValue>();
    if (this.#takeAfterSpace('}')) return object;
    do {
      this.#skipSpace();
      const key = this.#readString();
      if (object.has(key))
        throw this.#refusal(`key ${JSON.stringify(key)} must not occur twice in one object`);
      if (!this.#takeAfterSpace(':')) throw this.#refusal('a colon must follow a key');
      object.set(key, this.#readValue());
    } while (this.#takeAfterSpace(','));
    if (!this.#takeAfterSpace('}')) throw this.#refusal('an object must be closed');
    return object;
  }

  #readArray(): readonly JsonValue[] {
    const items: JsonValue[] = [];
    if (this.#takeAfterSpace(']')) return items;
    do items.push(this.#readValue());
    while (this.#takeAfterSpace(','));
    if (!this.#takeAfterSpace(']')) throw this.#refusal('an array must be closed');
    return items;
  }

  #readString(): string {
    if (this.#text[this.#position] !== '"') throw this.#refusal('a string must start with a quote');
    plainRunPattern.lastIndex = this.#position + 1;
    const run = plainRunPattern.exec(this.#text)?.[0] ?? '';
    const end = this.#position + 1 + run.length;
    if (this.#text[end] !== '"') return this.#readEscapedString(end);
    this.#position = end + 1;
    return run;
  }

  /** One with escapes or faults; `from` is where the first is. The platform decodes it, several times as fast as a walk. */
  #readEscapedString(from: number): string {
    const end = this.#findQuote(from);
    let value: unknown;
    try {
      value = end === undefined ? undefined : JSON.parse(this.#text.slice(this.#position, end + 1));
    } catch {
      value = undefined;
    }
    if (end === undefined || typeof value !== 'string') {
      throw this.#refusal('a string must be closed, escape as JSON defines and hold no control character');
    }
    this.#position = end + 1;
    if (loneSurrogatePattern.test(value)) throw this.#refusal('a string must not hold half a surrogate pair');
    return value;
  }

  /** Where the string that goes on at `from` ends: the next quote behind an even number of backslashes. */
  #findQuote(from: number): number | undefined {
    let start = from;
    for (;;) {
      const quoteAt = this.#text.indexOf('"', start);
      if (quoteAt < 0) return undefined;
      let backslashes = 0;
      while (quoteAt - backslashes > start && this.#text[quoteAt - backslashes - 1] === '\\')
        backslashes += 1;
      if (backslashes % 2 === 0) return quoteAt;
      start = quoteAt + 1;
    }
  }

  #readNumber(): number | JsonOtherNumber {
    numberPattern.lastIndex = this.#position;
    const text = numberPattern.exec(this.#text)?.[0];
    if (text === undefined) throw this.#refusal('a value must stand here');
    this.#position += text.length;
    const value = plainIntegerPattern.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? value : { kind: 'other-number', text };
  }

  #takeWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#position)) return false;
    this.#position += word.length;
    return true;
  }

  #takeAfterSpace(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#position += 1;
    }
  }

  #refusal(rule: string): JsonRefusal {
    return new JsonRefusal(`${rule} (at character ${this.#position})`);
  }
}
