const lower = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
export const alphanumerics = `${lower}${lower.toUpperCase()}${digits}`;
export const hexDigits = `${digits}abcdef`;

/** A prefix of three characters, which is too short for a keyword, with each character that may follow it. */
export function withNext(prefix: string, characters: string): readonly string[] {
  return [...characters].map((character) => `${prefix}${character}`);
}

/** A word as it stands in settings, variables and code: `word`, `WORD`, `Word`. */
export function cased(...words: readonly string[]): readonly string[] {
  return words.flatMap((word) => [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)]);
}
