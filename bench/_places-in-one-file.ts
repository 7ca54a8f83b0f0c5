import { createHash } from 'node:crypto';
import { encodeColumns, placesOf, type StoredPlaces } from '../src/scan/reports/image-places.ts';
import { packIds, unpackIds } from '../src/scan/reports/packed-ids.ts';

const layerDigest = `sha256:${createHash('sha256').update('layer').digest('hex')}`;
const path = 'var/lib/dpkg/status';
const own = {
  ecosystem: '',
  release: '',
  name: '',
  version: '',
  sourceName: '',
  sourceVersion: '',
  module: '',
};

/** Sets of packages that all lie in one file: their places are the same for all sets of one size. */
export class PlacesInOneFile {
  readonly #columns = new Map<number, Buffer>();

  async of(packageIds: readonly number[]): Promise<StoredPlaces> {
    const packageSet = packIds(packageIds);
    const count = unpackIds(packageSet).length;
    const columns = this.#columns.get(count) ?? (await columnsOf(count));
    this.#columns.set(count, columns);
    return placesOf(packageSet, columns);
  }
}

async function columnsOf(count: number): Promise<Buffer> {
  const place = { layerDigest, layerIndex: 0, path };
  return await encodeColumns(
    Array.from({ length: count }, (_, packageId) => ({
      package: own,
      place,
      ownedByDistribution: false,
      packageId,
    })),
  );
}
