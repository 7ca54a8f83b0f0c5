import { readSearch } from '../../api/read-search.ts';
import type { Database } from '../../database/database.ts';
import { type KnownPackage, readKnownPackages } from '../../lists/find-packages.ts';
import { type ImageRow, readImageRefs, readImageRows } from '../../lists/image-list.ts';
import { type HolderScope, readImageSample } from '../../lists/image-sample.ts';
import { countHoldersOfEach, heldAmong, heldIn, type SampledScope } from '../../lists/package-holders.ts';
import { meantPackages, type SearchSummary, summariseSearch } from '../../lists/search-packages.ts';
import { AdministrationError } from './administration-error.ts';

/** What a search finds over everything that is stored, or in one namespace. */
export interface StoredSearch extends SearchSummary {
  readonly kind: 'vulnerability' | 'package';
  /** The first of `packageCount`, by name. */
  readonly packages: readonly FoundPackage[];
  /** Whose versions cannot be compared: the first of `incomparableCount`. */
  readonly incomparable: readonly FoundPackage[];
  /** The newest of `imageCount`. */
  readonly images: readonly ImageRow[];
}

export interface FoundPackage extends KnownPackage {
  readonly purl: string;
  readonly imageCount: number;
  /** There are, or may be, more. */
  readonly imageCountIsMinimum: boolean;
}

/** Throws an error with one line for people when the text is no search, or there is no such namespace. */
export async function searchStored(
  db: Database,
  asked: {
    readonly text: string;
    readonly ecosystem?: string;
    readonly namespace?: string;
    /** Most packages, and most images, that are listed. */
    readonly limit: number;
  },
): Promise<StoredSearch> {
  const { text, ecosystem, namespace, limit } = asked;
  const search = readSearch(text);
  const scope = namespace === undefined ? {} : await scopeOf(db, namespace);
  const sampled = { scope, sample: await readImageSample(db, scope) };
  const meant = await meantPackages(db, search, ecosystem);
  const summary = await summariseSearch(db, sampled, meant);
  const order = { by: 'pushedAt', descending: true } as const;
  const holds = heldIn(sampled.sample, meant.within);
  const refs = await readImageRefs(db, { filter: { ...scope, holds }, order, limit });
  return {
    ...summary,
    kind: search.kind,
    packages: await readFound(db, sampled, meant.within, limit),
    incomparable: await readFound(db, sampled, meant.incomparable, limit),
    images: await readImageRows(
      db,
      refs.map(({ id }) => id),
    ),
  };
}

async function scopeOf(db: Database, name: string): Promise<HolderScope> {
  const row = await db.selectFrom('namespace').select('id').where('name', '=', name).executeTakeFirst();
  if (row === undefined)
    throw new AdministrationError(`Cannot find namespace "${name}": there is none of that name`);
  return { namespaceIds: [row.id] };
}

async function readFound(
  db: Database,
  sampled: SampledScope,
  packageIds: readonly number[],
  limit: number,
): Promise<readonly FoundPackage[]> {
  const held = await heldAmong(db, sampled, packageIds);
  const packages = (await readKnownPackages(db, [...held])).slice(0, limit);
  const sets = packages.map(({ id }) => ({ key: String(id), packageIds: [id] }));
  const counts = await countHoldersOfEach(db, sampled, sets);
  return packages.map((one) => {
    const { count, isMinimum } = counts.get(String(one.id)) ?? { count: 0, isMinimum: false };
    return { ...one, imageCount: count, imageCountIsMinimum: isMinimum };
  });
}
