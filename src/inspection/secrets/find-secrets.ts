import type { SecretHit } from '../../report/secret.ts';
import { isDummy } from './is-dummy.ts';
import { KeywordIndex } from './keyword-index.ts';
import { maskSecret } from './mask-secret.ts';
import type { SecretRule } from './secret-rule.ts';

/** What a rule sees of the text around a keyword. */
export const bytesBefore = 256;
export const bytesAfter = 1024;
/** A keyword so near the end of what its rule has seen is looked at anew, with all that follows it. */
const bytesSeen = bytesAfter / 2;

/** A credential with its place in the bytes that were searched. */
export interface FoundSecret extends Omit<SecretHit, 'line'> {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface SecretSearch {
  readonly text: Buffer;
  /** Keywords that begin here or later and before `to` count; the text around them is seen all the same. */
  readonly from: number;
  readonly to: number;
  /** Whether the file is the image's own, not installed by a package manager. */
  readonly isOwnFile: boolean;
}

/** Finds credentials by rules: keywords first, then the rule's pattern in the text around each. */
export class SecretFinder {
  readonly #ownFiles: KeywordIndex<SecretRule>;
  /** Without the rules whose keywords are common words, which would stop the search at every second line. */
  readonly #otherFiles: KeywordIndex<SecretRule>;
  readonly #ranks: ReadonlyMap<string, number>;

  constructor(rules: readonly SecretRule[]) {
    this.#ranks = new Map(rules.map(({ id }, rank) => [id, rank]));
    this.#ownFiles = indexOf(rules);
    this.#otherFiles = indexOf(rules.filter(({ onlyOwnFiles }) => onlyOwnFiles !== true));
  }

  /** Each secret once, in the order of the text. Two rules may find the same text: the first one listed keeps it. */
  find(search: SecretSearch): readonly FoundSecret[] {
    const found = new Map<number, FoundSecret>();
    const seenTo = new Map<SecretRule, number>();
    const index = search.isOwnFile ? this.#ownFiles : this.#otherFiles;
    index.search(search.text, search, (rules, offset) => {
      for (const rule of rules) {
        // Text full of keywords is read three times at most (threats.md D9).
        if (offset + bytesSeen <= (seenTo.get(rule) ?? 0)) continue;
        const start = Math.max(0, offset - bytesBefore);
        const end = Math.min(search.text.length, offset + bytesAfter);
        seenTo.set(rule, end);
        for (const secret of matches(rule, search.text.subarray(start, end), start)) {
          const known = found.get(secret.offset);
          if (known === undefined || this.#rank(secret) < this.#rank(known)) found.set(secret.offset, secret);
        }
      }
    });
    return [...found.values()].sort((a, b) => a.offset - b.offset);
  }

  #rank({ rule }: FoundSecret): number {
    return this.#ranks.get(rule) ?? 0;
  }
}

function indexOf(rules: readonly SecretRule[]): KeywordIndex<SecretRule> {
  return new KeywordIndex(rules.flatMap((rule) => rule.keywords.map((keyword) => [keyword, rule] as const)));
}

function* matches(rule: SecretRule, bytes: Buffer, start: number): Generator<FoundSecret> {
  if (rule.alsoNear !== undefined && !bytes.includes(rule.alsoNear)) return;
  // One character per byte, so that offsets are those of the bytes.
  const text = bytes.toString('latin1');
  for (const match of text.matchAll(rule.pattern)) {
    const secret = match.slice(1).find((group) => group !== undefined) ?? match[0];
    if (isDummy(secret) || rule.accepts?.(secret) === false) continue;
    const { id, title, type, severity } = rule;
    const offset = start + match.index + match[0].indexOf(secret);
    yield { rule: id, title, type, severity, masked: maskSecret(secret), offset, sizeBytes: secret.length };
  }
}
