/** There are more bytes than whoever reads them will hold. */
export class TooManyBytesError extends Error {
  override readonly name = 'TooManyBytesError';
  readonly code = 'too-many-bytes';
}

/** All bytes of the source in one piece; throws `TooManyBytesError` above `bytesMax`, having read little more. */
export async function readAll(source: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new TooManyBytesError(`Cannot read the bytes: must be at most ${bytesMax}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
