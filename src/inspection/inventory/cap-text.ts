/** Longest name or version that is kept, in UTF-8 bytes: all of a package's texts must fit one index row of PostgreSQL. */
export const textBytesMax = 256;

const ellipsis = '…';

/**
 * Text from an image made fit to store: NUL and lone surrogates, which PostgreSQL refuses, are replaced; what is too long
 * is cut and ends in `…`, which no version order accepts, so that a cut version can never compare as safe.
 */
export function capText(text: string, bytesMax: number = textBytesMax): string {
  const clean = text.toWellFormed().replaceAll('\0', '\u{fffd}');
  if (clean.length <= bytesMax && Buffer.byteLength(clean) <= bytesMax) return clean;
  const room = bytesMax - Buffer.byteLength(ellipsis);
  const cut = Buffer.from(clean.slice(0, room)).subarray(0, room).toString('utf8');
  return `${cut.replace(/\u{fffd}+$/u, '')}${ellipsis}`;
}
