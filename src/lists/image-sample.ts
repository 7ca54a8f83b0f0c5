import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** Whose images count; absent: all namespaces. */
export interface HolderScope {
  readonly namespaceIds?: readonly number[];
}

/** Some packages that are one thing to count: those of a vulnerability, or a package by itself. */
export interface PackageSet {
  readonly key: string;
  readonly packageIds: readonly number[];
}

/** Images that are looked at first, newest first: what many images hold is known by them. */
export const sampleImages = 2_000;

/**
 * The newest images in scope with what they hold, read once for a request: of small scopes it is all there is to know, of
 * large ones it tells what is common. In memory, as the packages of two thousand images fit into a few megabytes, and to
 * count dozens of sets in them takes PostgreSQL a hundred times as long.
 */
export class ImageSample {
  /** Every image in scope is in it. */
  readonly isWhole: boolean;
  readonly size: number;
  /** The packages of all images, one image behind the other. */
  readonly #packageIds: Uint32Array;
  /** Where the packages of each image end. */
  readonly #ends: Uint32Array;

  /** `images`: the packages of each as PostgreSQL sends an array of `int` without a null. */
  constructor(images: readonly Buffer[]) {
    this.size = images.length;
    this.isWhole = images.length < sampleImages;
    this.#packageIds = new Uint32Array(images.reduce((sum, sent) => sum + idsSent(sent), 0));
    this.#ends = new Uint32Array(images.length);
    let end = 0;
    for (const [index, sent] of images.entries()) {
      for (let at = headerBytes + lengthBytes; at < sent.length; at += elementBytes, end += 1)
        this.#packageIds[end] = sent.readInt32BE(at);
      this.#ends[index] = end;
    }
  }

  /** Every package that an image of the sample holds, sorted. */
  allHeld(): readonly number[] {
    return [...new Set(this.#packageIds)].sort((a, b) => a - b);
  }

  heldAmong(packageIds: readonly number[]): Set<number> {
    const wanted = new Set(packageIds);
    const held = new Set<number>();
    for (const id of this.#packageIds) if (wanted.has(id)) held.add(id);
    return held;
  }

  /** Images that hold one of the packages at least. */
  countHolders(packageIds: readonly number[]): number {
    return this.countEach([{ key: '', packageIds }]).get('') ?? 0;
  }

  /** The same for each set. */
  countEach(sets: readonly PackageSet[]): ReadonlyMap<string, number> {
    const setsOf = new Map<number, number[]>();
    for (const [position, { packageIds }] of sets.entries())
      for (const id of packageIds) {
        const known = setsOf.get(id);
        if (known === undefined) setsOf.set(id, [position]);
        else known.push(position);
      }
    const counts = new Uint32Array(sets.length);
    const lastSeenIn = new Int32Array(sets.length).fill(-1);
    let place = 0;
    for (const [image, end] of this.#ends.entries())
      for (; place < end; place += 1)
        for (const position of setsOf.get(this.#packageIds[place] ?? 0) ?? noSets) {
          if (lastSeenIn[position] === image) continue;
          lastSeenIn[position] = image;
          counts[position] = (counts[position] ?? 0) + 1;
        }
    return new Map(sets.map(({ key }, position) => [key, counts[position] ?? 0]));
  }
}

const noSets: readonly number[] = [];

/** What `array_send()` gives: a header, then the length and the value of each element (src/backend/utils/adt/arrayfuncs.c). */
const headerBytes = 20;
const lengthBytes = 4;
const elementBytes = 8;

/** That of an empty array is shorter. */
function idsSent(sent: Buffer): number {
  return Math.max(0, Math.floor((sent.length - headerBytes) / elementBytes));
}

/** Rows of `repository_manifest rm` with `image_packages i` that are in scope. */
export function visibleHolders(scope: HolderScope): RawBuilder<unknown> {
  return sql`repository_manifest rm join image_packages i on i.manifest_digest = rm.manifest_digest ${inNamespaces(scope)}`;
}

/** What is joined to rows of `repository_manifest rm` so that only those in scope stay. */
export function inNamespaces({ namespaceIds }: HolderScope): RawBuilder<unknown> {
  if (namespaceIds === undefined) return sql``;
  return sql`join repository r on r.id = rm.repository_id and r.namespace_id = any(${namespaceIds}::bigint[])`;
}

export async function readImageSample(db: Database, scope: HolderScope): Promise<ImageSample> {
  const { rows } = await sql<{ ids: Buffer }>`
    select array_send(i.package_ids) as ids from ${visibleHolders(scope)} order by rm.id desc limit ${sampleImages}`.execute(
    db,
  );
  return new ImageSample(rows.map(({ ids }) => ids));
}
