import type { PlacedPackage } from '../../report/package.ts';
import { deflateJson, inflateJson } from './deflated-json.ts';

/** A package of an image where it was found, as `image_report.places` holds it. */
export interface StoredPlace extends PlacedPackage {
  /** Absent: the distribution owns it, so it is listed but not judged by itself. */
  readonly packageId?: number;
}

/** `image_report.places` is raw deflate of the JSON of `StoredPlace[]`. */
export async function encodePlaces(places: readonly StoredPlace[]): Promise<Buffer> {
  return await deflateJson(places);
}

export async function decodePlaces(stored: Buffer): Promise<readonly StoredPlace[]> {
  return (await inflateJson(stored)) as readonly StoredPlace[]; // written by encodePlaces() alone
}
