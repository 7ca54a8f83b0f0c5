import { capText } from './cap-text.ts';

/** Longest licence that is kept, in UTF-8 bytes: the longest expressions of real distributions have some 800. */
const licenseBytesMax = 1024;

/** What package managers write where they know none. */
const nothing: ReadonlySet<string> = new Set(['', '(none)', 'UNKNOWN', 'None']);

/** A package's licence as it declares it, on one line; several are one text, as `joinedBy` says what they are to each other. */
export function declaredLicense(
  declared: readonly string[],
  joinedBy: ' OR ' | ', ' = ', ',
): { readonly license?: string } {
  const texts = declared
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => !nothing.has(text));
  return texts.length === 0 ? {} : { license: capText(texts.join(joinedBy), licenseBytesMax) };
}
