import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

const deflateAsync = promisify(deflateRaw);
const inflateAsync = promisify(inflateRaw);

/** Raw deflate of a value's JSON, for columns that only the server itself reads. */
export async function deflateJson(value: unknown): Promise<Buffer> {
  return await deflateAsync(JSON.stringify(value));
}

/** The value that `deflateJson()` was given; its shape is the caller's to know, who alone writes the column. */
export async function inflateJson(stored: Buffer): Promise<unknown> {
  const bytes = await inflateAsync(stored);
  return JSON.parse(bytes.toString('utf8'));
}
