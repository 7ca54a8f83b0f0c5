import type pg from 'pg';
import { familyOf, knownDistributions } from '../src/inspection/inventory/os/families.ts';
import { isRenamed } from '../src/inspection/inventory/os/support-doubts.ts';
import type { Distribution } from '../src/report/distribution.ts';

export const packagesPerImage = 300;
/** Of the distribution; the others are of two languages. */
const distributionPackages = 200;
const packagesPerLanguage = (packagesPerImage - distributionPackages) / 2;
/** A release of fewer packages is no base of images. */
const releasePackagesMin = 400;

interface Release {
  readonly ecosystem: string;
  readonly release: string;
  readonly ids: Uint32Array;
}

export interface DrawnImage {
  /** Ascending; overwritten by the next image. */
  readonly ids: Uint32Array;
  /** JSON. */
  readonly distribution: string | null;
  readonly ecosystems: readonly string[];
}

/** Draws images of the packages that are there: of one release of a distribution and of two languages. */
export class DrawnImages {
  readonly #releases: readonly (Release & { readonly distribution: string | null })[];
  readonly #languages: readonly Release[];
  readonly #random: () => number;
  readonly #ids = new Uint32Array(packagesPerImage);
  /** By package: the number of the last image that has it. */
  readonly #drawnFor: Uint32Array;
  #number = 0;

  private constructor(rows: readonly Release[], seed: number) {
    const isDistribution = (one: Release) => one.release !== '' && !one.release.includes('/');
    const large = rows.filter(({ ids }) => ids.length >= releasePackagesMin);
    this.#releases = large
      .filter(isDistribution)
      .map((one) => ({ ...one, distribution: distributionOf(one) }));
    this.#languages = large.filter((one) => !isDistribution(one));
    this.#drawnFor = new Uint32Array(rows.reduce((last, { ids }) => Math.max(last, ids.at(-1) ?? 0), 0) + 1);
    this.#random = mulberry32(seed);
  }

  /** The same seed draws the same images. */
  static async of(client: pg.ClientBase, seed: number): Promise<DrawnImages> {
    const { rows } = await client.query<{ ecosystem: string; release: string; ids: number[] }>(
      `select ecosystem, release, array_agg(id order by id) as ids from package group by 1, 2 order by 1, 2`,
    );
    return new DrawnImages(
      rows.map((row) => ({ ...row, ids: Uint32Array.from(row.ids) })),
      seed,
    );
  }

  next(): DrawnImage {
    this.#number += 1;
    const release = this.#one(this.#releases);
    const [first, second] = [this.#one(this.#languages), this.#one(this.#languages)];
    this.#fill(0, distributionPackages, release.ids);
    this.#fill(distributionPackages, packagesPerLanguage, first.ids);
    this.#fill(distributionPackages + packagesPerLanguage, packagesPerLanguage, second.ids);
    return {
      ids: this.#ids.sort(),
      distribution: release.distribution,
      ecosystems: [...new Set([release.ecosystem, first.ecosystem, second.ecosystem])].sort(),
    };
  }

  /** Packages that the image does not have yet. */
  #fill(start: number, count: number, from: Uint32Array): void {
    for (let at = start; at < start + count; ) {
      const id = from[Math.floor(this.#random() * from.length)] ?? 0;
      if (this.#drawnFor[id] === this.#number) continue;
      this.#drawnFor[id] = this.#number;
      this.#ids[at++] = id;
    }
  }

  #one<T>(from: readonly T[]): T {
    const drawn = from[Math.floor(this.#random() * from.length)];
    if (drawn === undefined) throw new Error('Cannot draw: there must be packages, got none');
    return drawn;
  }
}

/** As a scan calls it, as JSON; null where it calls none so: the advisories of old Debian have releases of their own. */
function distributionOf({ ecosystem, release }: Pick<Release, 'ecosystem' | 'release'>): string | null {
  const distribution = {
    id: knownDistributions.find((id) => familyOf(id)?.ecosystem === ecosystem) ?? '',
    versionId: release.replace(/^v/, ''),
    prettyName: `${ecosystem} ${release}`,
    ecosystem,
    release,
  };
  return isRenamed(distribution) ? null : JSON.stringify(distribution);
}

/** Folders that were filled by an older version call distributions as no scan does, which would have their images scanned again. */
export async function renameDistributions(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ distribution: Distribution }>(
    'select distinct distribution from image_report where distribution is not null',
  );
  const renamed = rows.flatMap(({ distribution }) => (isRenamed(distribution) ? [distribution] : []));
  if (renamed.length === 0) return;
  // All at once: each time it is a pass over all images.
  await pool.query(
    `update image_report r set distribution = n.after
     from unnest($1::jsonb[], $2::jsonb[]) as n (before, after) where r.distribution = n.before`,
    [
      renamed.map((one) => JSON.stringify(one)),
      renamed.map(({ ecosystem = '', release = '' }) => distributionOf({ ecosystem, release })),
    ],
  );
}

/** A small generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
