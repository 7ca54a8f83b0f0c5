import { crc32 } from 'node:zlib';
import type { Package, PlacedPackage } from '../../report/package.ts';
import { type ColumnRuns, DistinctValues, fromRuns, toRuns } from './_column-runs.ts';
import { pathOfTemplate, templateOfPath } from './_path-templates.ts';
import { deflateJson, inflateJson } from './deflated-json.ts';
import { packIds, unpackIds } from './packed-ids.ts';
import { StoredReportError } from './stored-report-error.ts';

/** A package of an image where it was found. */
export interface StoredPlace extends PlacedPackage {
  /** Absent: the distribution owns it, so it is listed but not judged by itself. */
  readonly packageId?: number;
}

/** Two columns of `image_report`; the places need the packages that they were written with. */
export interface StoredPlaces {
  /** As of `packIds()`. */
  readonly packageSet: Buffer;
  /**
   *     | format, 1 byte | CRC-32 of `packageSet`, 4 bytes, little-endian | raw deflate of the JSON of `PlaceColumns` |
   *
   * Those of before migration 0028 are raw deflate of the JSON of `StoredPlace[]`. No deflate begins like a format: its
   * second and third bit would be those of a block of the type 3, which there is not (RFC 1951, 3.2.3).
   */
  readonly places: Buffer;
}

const columnsFormat = 0x0e;
const blockTypeBits = 0x06;
const headerBytes = 5;

/**
 * Places as columns, which deflate shortens best. What a package is does not stand there, but in `package`, whose rows stay
 * for ever. Rows are in ascending order of packages; those without an id come last.
 */
type PlaceColumns = readonly [
  /** How far to go on in the packed set from row to row, beginning before its first package. */
  steps: ColumnRuns<number>,
  /** Rows with a package of the set. */
  interned: number,
  /** The packages of the others. */
  others: readonly Package[],
  ...tables: PlaceTables,
  /** All else of a row: much of it goes together, so it is one column. */
  places: ColumnRuns<PlaceNumbers>,
];

/** What `PlaceNumbers` are positions in. */
type PlaceTables = readonly [
  layers: readonly Layer[],
  paths: readonly string[],
  architectures: readonly (readonly string[])[],
  licenses: readonly string[],
];

type Layer = readonly [digest: string, index: number, createdBy?: string];
/** Positions; of what a place does not have, -1. */
type PlaceNumbers = readonly [
  layer: number,
  path: number,
  owned: 0 | 1,
  architectures: number,
  license: number,
];

export async function encodePlaces(places: readonly StoredPlace[]): Promise<StoredPlaces> {
  const packageSet = packIds(places.flatMap(({ packageId }) => packageId ?? []));
  return placesOf(packageSet, await encodeColumns(places));
}

/** Places whose columns are known, of other packages: as many as those that `encodeColumns()` got. */
export function placesOf(packageSet: Buffer, columns: Buffer): StoredPlaces {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(columnsFormat);
  header.writeUInt32LE(crc32(packageSet), 1);
  return { packageSet, places: Buffer.concat([header, columns]) };
}

/** What follows the header. */
export async function encodeColumns(places: readonly StoredPlace[]): Promise<Buffer> {
  const rows = places.toSorted(byPackage);
  const interned = rows.filter(({ packageId }) => packageId !== undefined);
  const layers = new DistinctValues<Layer>();
  const paths = new DistinctValues<string>();
  const architectures = new DistinctValues<readonly string[]>();
  const licenses = new DistinctValues<string>();
  const numbers = rows.map((row): PlaceNumbers => {
    const { layerDigest, layerIndex, path, createdBy } = row.place;
    return [
      layers.positionOf(
        createdBy === undefined ? [layerDigest, layerIndex] : [layerDigest, layerIndex, createdBy],
      ),
      paths.positionOf(templateOfPath(path, row.package)),
      row.ownedByDistribution ? 1 : 0,
      row.architectures === undefined ? -1 : architectures.positionOf(row.architectures),
      row.license === undefined ? -1 : licenses.positionOf(row.license),
    ];
  });
  const columns: PlaceColumns = [
    toRuns(interned.map(({ packageId }, row) => (packageId === interned[row - 1]?.packageId ? 0 : 1))),
    interned.length,
    rows.slice(interned.length).map((row) => row.package),
    layers.values,
    paths.values,
    architectures.values,
    licenses.values,
    toRuns(numbers),
  ];
  return await deflateJson(columns);
}

/** What reading places takes of `InternedPackages`. */
export interface PackageReader {
  read(packageIds: readonly number[]): Promise<ReadonlyMap<number, Package>>;
}

/**
 * The places of images, each in order of name, version, layer and path. Throws a `StoredReportError` where they cannot be
 * read: a list that lacks packages would look like an image without them.
 */
export async function readPlaces(
  reader: PackageReader,
  stored: readonly StoredPlaces[],
): Promise<readonly (readonly StoredPlace[])[]> {
  const sets = stored.map(({ packageSet, places }) => (isColumns(places) ? unpackIds(packageSet) : []));
  const packages = await reader.read([...new Set(sets.flat())]);
  return await Promise.all(
    stored.map(async (one, index) => {
      const places = isColumns(one.places)
        ? await decodeColumns(
            one,
            (sets[index] ?? []).map((id) => packageOf(packages, id)),
          )
        : await inflate<readonly StoredPlace[]>(one.places);
      return [...places].sort(byNameAndPlace);
    }),
  );
}

function isColumns(places: Buffer): boolean {
  const [format] = places;
  if (format === undefined) throw new StoredReportError('places', 'nothing is there');
  if (format === columnsFormat) return true;
  if ((format & blockTypeBits) === blockTypeBits)
    throw new StoredReportError('places', `format ${format} is none that this version knows`);
  return false;
}

type InternedPackage = readonly [id: number, own: Package];

function packageOf(packages: ReadonlyMap<number, Package>, id: number): InternedPackage {
  const own = packages.get(id);
  if (own === undefined) throw new StoredReportError('places', `package ${id} is not there`);
  return [id, own];
}

async function decodeColumns(
  { packageSet, places }: StoredPlaces,
  packages: readonly InternedPackage[],
): Promise<readonly StoredPlace[]> {
  if (places.length < headerBytes || places.readUInt32LE(1) !== crc32(packageSet))
    throw new StoredReportError('places', 'they belong to other packages');
  const columns = await inflate<PlaceColumns>(places.subarray(headerBytes));
  const [stepRuns, interned, others, layers, paths, architectures, licenses, placeRuns] = columns;
  const steps = fromRuns(stepRuns, interned);
  let at = -1;
  const rows = fromRuns(placeRuns, interned + others.length).map((numbers, row): StoredPlace => {
    at += steps[row] ?? 0;
    const [packageId, own] = row < interned ? (packages[at] ?? []) : [undefined, others[row - interned]];
    if (own === undefined) throw new StoredReportError('places', 'there are more of them than packages');
    const placed = placeOf([layers, paths, architectures, licenses], numbers, own);
    return packageId === undefined ? placed : { ...placed, packageId };
  });
  if (at !== packages.length - 1)
    throw new StoredReportError('places', 'there are fewer of them than packages');
  return rows;
}

function placeOf(
  [layers, paths, allArchitectures, licenses]: PlaceTables,
  numbers: PlaceNumbers,
  own: Package,
): PlacedPackage {
  const [layer, path, owned, architecturesAt, licenseAt] = numbers;
  const [layerDigest, layerIndex, createdBy] = layers[layer] ?? [];
  const template = paths[path];
  if (layerDigest === undefined || layerIndex === undefined || template === undefined)
    throw new StoredReportError('places', 'a row names what is not there');
  const [architectures, license] = [allArchitectures[architecturesAt], licenses[licenseAt]];
  return {
    package: own,
    place: {
      layerDigest,
      layerIndex,
      path: pathOfTemplate(template, own),
      ...(createdBy === undefined ? {} : { createdBy }),
    },
    ownedByDistribution: owned === 1,
    ...(architectures === undefined ? {} : { architectures }),
    ...(license === undefined ? {} : { license }),
  };
}

async function inflate<T>(deflated: Buffer): Promise<T> {
  try {
    const value = await inflateJson(deflated);
    if (Array.isArray(value)) return value as T; // written above alone
  } catch (error) {
    throw new StoredReportError('places', 'they do not inflate to JSON', error);
  }
  throw new StoredReportError('places', 'they are no list');
}

/** Those without an id last. */
function byPackage(a: StoredPlace, b: StoredPlace): number {
  return (
    (a.packageId ?? Number.POSITIVE_INFINITY) - (b.packageId ?? Number.POSITIVE_INFINITY) ||
    byNameAndPlace(a, b)
  );
}

export function byNameAndPlace(a: StoredPlace, b: StoredPlace): number {
  return (
    compareText(a.package.name, b.package.name) ||
    compareText(a.package.version, b.package.version) ||
    a.place.layerIndex - b.place.layerIndex ||
    compareText(a.place.path, b.place.path)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
