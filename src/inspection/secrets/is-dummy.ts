/** Credentials that vendors print in their own documentation. */
const published: ReadonlySet<string> = new Set([
  ['AKIAIOSFODNN7', 'EXAMPLE'].join(''),
  ['AKIAI44QH8DHB', 'EXAMPLE'].join(''),
  ['wJalrXUtnFEMI/K7MDENG/bPxRfiCY', 'EXAMPLEKEY'].join(''),
  ['je7MtGbClwBF/2Zp9Utk/h3yCo8nvb', 'EXAMPLEKEY'].join(''),
]);

/** Words of people who mean "put yours here". */
const placeholder =
  /example|sample|dummy|placeholder|changeme|change[-_]me|replace|your[-_]|my[-_]?(?:secret|password|token)|redacted|insert[-_]|fake|xxxx|\*\*\*|\.\.\.|<[^>]*>|\$\{|\{\{|%\(|%s|\$\(/i;
/** Rows of a keyboard or the alphabet, and one character many times. */
const sequence = /0123456789|1234567890|abcdefghij|qwertyuiop|(.)\1{9}/i;

/** Whether a text that looks like a secret is known to be none. */
export function isDummy(secret: string): boolean {
  return published.has(secret) || placeholder.test(secret) || sequence.test(secret);
}
