export type ByteRange =
  /** No range that we serve in part: send everything (RFC 9110 §14.2). */
  | { readonly kind: 'all' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const single = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** Reads a Range header for content of `sizeBytes` (RFC 9110 §14.1.2); several ranges are answered with everything. */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange {
  const [, first, last] = single.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return { kind: 'all' };
  if (first === '') {
    const lengthBytes = Math.min(Number(last), sizeBytes);
    return lengthBytes === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', start: sizeBytes - lengthBytes, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return { kind: 'unsatisfiable' };
  return start >= sizeBytes ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}

/** Reads the Content-Range of a chunk, `<start>-<end>` (distribution-spec v1.1 spec.md#pushing-a-blob-in-chunks). */
export function parseContentRange(
  header: string,
): { readonly start: number; readonly end: number } | undefined {
  const [, start, end] =
    /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/.exec(header.trim()) ?? [];
  if (start === undefined || end === undefined || Number(end) < Number(start)) return undefined;
  return { start: Number(start), end: Number(end) };
}
