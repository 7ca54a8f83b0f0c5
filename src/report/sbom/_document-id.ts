import type { DocumentMaker } from './described-image.ts';

/**
 * A UUID made of a document's content, so that the same content has the same one: version 8 of RFC 9562 §5.8, of the
 * first 122 bits of the SHA-256 that fit.
 */
export function documentId(content: unknown, { hashText }: DocumentMaker): string {
  const hex = hashText(JSON.stringify(content));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** SPDX takes whole seconds only; CycloneDX takes them too. */
export function wholeSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}
