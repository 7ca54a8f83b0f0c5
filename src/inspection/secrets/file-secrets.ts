import { TextDecoder } from 'node:util';
import type { SecretHit } from '../../report/secret.ts';
import type { ContentProbe, ContentReading } from '../image/layer-probe.ts';
import { bytesAfter, bytesBefore, SecretFinder } from './find-secrets.ts';
import { belongsToPackage, isExpectedSecret } from './other-peoples-files.ts';
import { secretRules } from './secret-rules.ts';

/** More credentials in one file are not listed one by one. */
const hitsMax = 200;
/** Text has no NUL near its beginning; UTF-16 has, and is told by its first two bytes. */
const sniffedBytes = 8 * 1024;
const newline = 0x0a;

const nothing = Buffer.alloc(0);

const finder = new SecretFinder(secretRules);

/** Looks for credentials in every text file of a layer, whatever its name. */
export const secretProbe: ContentProbe<SecretHit> = {
  start: (path, head, isWhole) => {
    if (isExpectedSecret(path)) return undefined;
    const isOwnFile = !belongsToPackage(path);
    const encoding = utf16Of(head);
    if (encoding !== undefined) return new Utf16Reading(isOwnFile, encoding);
    return isText(head) ? new TextReading(isOwnFile, isWhole) : undefined;
  },
};

function isText(head: Buffer): boolean {
  return !head.subarray(0, sniffedBytes).includes(0);
}

function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined;
}

/** Credentials in a text that is there whole, such as a value of the image's config. */
export function findSecretsInText(text: string): readonly SecretHit[] {
  const reading = new TextReading(true, true);
  reading.write(Buffer.from(text));
  return reading.end();
}

/** Reads a file piece by piece: the end of each piece is kept, because a secret may go on in the next. */
class TextReading implements ContentReading<SecretHit> {
  readonly #isOwnFile: boolean;
  readonly #isWhole: boolean;
  readonly #hits: SecretHit[] = [];
  #held = nothing;
  /** Bytes of `#held` whose keywords were looked at already. */
  #searchedBytes = 0;
  /** Newlines before `#held`. */
  #linesBefore = 0;

  /** `isWhole`: the first piece is the whole file, so that nothing of it must be kept. */
  constructor(isOwnFile: boolean, isWhole: boolean) {
    this.#isOwnFile = isOwnFile;
    this.#isWhole = isWhole;
  }

  write(bytes: Buffer): void {
    if (this.#isWhole) {
      this.#search(bytes, bytes.length);
      return;
    }
    const text = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const searchTo = text.length - bytesAfter;
    if (searchTo <= this.#searchedBytes) {
      this.#hold(text, 0, this.#searchedBytes);
      return;
    }
    this.#search(text, searchTo);
    this.#hold(text, Math.max(0, searchTo - bytesBefore), searchTo);
  }

  end(): readonly SecretHit[] {
    if (!this.#isWhole) this.#search(this.#held, this.#held.length);
    return this.#hits;
  }

  #search(text: Buffer, to: number): void {
    if (this.#hits.length >= hitsMax) return;
    const found = finder.find({ text, from: this.#searchedBytes, to, isOwnFile: this.#isOwnFile });
    let line = this.#linesBefore;
    let counted = 0;
    for (const { offset, sizeBytes: _, ...secret } of found.slice(0, hitsMax - this.#hits.length)) {
      line += countLines(text.subarray(counted, offset));
      counted = offset;
      const hit = { ...secret, line: line + 1 };
      // What lies on both sides of a seam is found from either.
      const isKnown = this.#hits.some(
        (known) => known.rule === hit.rule && known.line === hit.line && known.masked === hit.masked,
      );
      if (!isKnown) this.#hits.push(hit);
    }
  }

  /** Keeps a copy of the text from `start` on: the bytes are the caller's. */
  #hold(text: Buffer, start: number, searchedTo: number): void {
    if (start > 0) this.#linesBefore += countLines(text.subarray(0, start));
    this.#held = Buffer.from(text.subarray(start));
    this.#searchedBytes = searchedTo - start;
  }
}

/** Text of two bytes a character, read as UTF-8. */
class Utf16Reading implements ContentReading<SecretHit> {
  readonly #decoder: TextDecoder;
  readonly #text: TextReading;

  constructor(isOwnFile: boolean, encoding: 'utf-16le' | 'utf-16be') {
    this.#decoder = new TextDecoder(encoding);
    this.#text = new TextReading(isOwnFile, false);
  }

  write(bytes: Buffer): void {
    this.#text.write(Buffer.from(this.#decoder.decode(bytes, { stream: true })));
  }

  end(): readonly SecretHit[] {
    return this.#text.end();
  }
}

function countLines(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline, at + 1)) count += 1;
  return count;
}
