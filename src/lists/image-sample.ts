import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { parseIds } from './_parse-ids.ts';

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

  constructor(images: readonly (readonly number[])[]) {
    this.size = images.length;
    this.isWhole = images.length < sampleImages;
    this.#packageIds = new Uint32Array(images.reduce((sum, ids) => sum + ids.length, 0));
    this.#ends = new Uint32Array(images.length);
    let end = 0;
    for (const [index, ids] of images.entries()) {
      this.#packageIds.set(ids, end);
      end += ids.length;
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
    let image = 0;
    for (const [place, id] of this.#packageIds.entries()) {
      while (place >= (this.#ends[image] ?? Number.POSITIVE_INFINITY)) image += 1;
      for (const position of setsOf.get(id) ?? []) {
        if (lastSeenIn[position] === image) continue;
        lastSeenIn[position] = image;
        counts[position] = (counts[position] ?? 0) + 1;
      }
    }
    return new Map(sets.map(({ key }, position) => [key, counts[position] ?? 0]));
  }
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
  const { rows } = await sql<{ ids: string }>`
    select i.package_ids::text as ids from ${visibleHolders(scope)} order by rm.id desc limit ${sampleImages}`.execute(
    db,
  );
  return new ImageSample(rows.map(({ ids }) => parseIds(ids)));
}
