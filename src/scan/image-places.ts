import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { PlacedPackage } from '../report/package.ts';

/** A package of an image where it was found, as `image_report.places` holds it. */
export interface StoredPlace extends PlacedPackage {
  /** Absent: the distribution owns it, so it is listed but not judged by itself. */
  readonly packageId?: number;
}

const deflateAsync = promisify(deflateRaw);
const inflateAsync = promisify(inflateRaw);

/** `image_report.places` is raw deflate of the JSON of `StoredPlace[]`. */
export async function encodePlaces(places: readonly StoredPlace[]): Promise<Buffer> {
  return await deflateAsync(JSON.stringify(places));
}

export async function decodePlaces(stored: Buffer): Promise<readonly StoredPlace[]> {
  const bytes = await inflateAsync(stored);
  return JSON.parse(bytes.toString('utf8')) as readonly StoredPlace[]; // written by encodePlaces() alone
}
