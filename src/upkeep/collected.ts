export interface CountAndSize {
  readonly count: number;
  readonly sizeBytes: number;
}

/** What a collection has freed, or would free. */
export interface Collected {
  /** Bytes of the blob store that are free. */
  readonly freedBytes: number;
  /** Layers and configs that nothing refers to any more. */
  readonly blobs: CountAndSize;
  /** Files of the blob store that no row names. */
  readonly orphans: CountAndSize;
  /** Uploads that were given up. */
  readonly uploads: CountAndSize;
  /** Manifests that no repository holds; their bytes are in the database. */
  readonly manifests: CountAndSize;
  /** Blobs that went out of a repository that does not need them; others may hold them. */
  readonly linkCount: number;
  /** What could not be removed, and why; it is tried again by the next pass. */
  readonly problems: readonly string[];
}

type Kind = 'blobs' | 'orphans' | 'uploads' | 'manifests';
const problemsMax = 100;

/** Adds up what is freed. */
export class CollectedTally {
  linkCount = 0;
  readonly #counts: Record<Kind, { count: number; sizeBytes: number }> = {
    blobs: { count: 0, sizeBytes: 0 },
    orphans: { count: 0, sizeBytes: 0 },
    uploads: { count: 0, sizeBytes: 0 },
    manifests: { count: 0, sizeBytes: 0 },
  };
  readonly #problems: string[] = [];

  add(kind: Kind, sizeBytes: number): void {
    this.#counts[kind].count += 1;
    this.#counts[kind].sizeBytes += sizeBytes;
  }

  fail(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#problems.length < problemsMax) this.#problems.push(`Cannot remove "${name}": ${reason}`);
  }

  result(): Collected {
    const { blobs, orphans, uploads, manifests } = this.#counts;
    return {
      freedBytes: blobs.sizeBytes + orphans.sizeBytes + uploads.sizeBytes,
      blobs,
      orphans,
      uploads,
      manifests,
      linkCount: this.linkCount,
      problems: this.#problems,
    };
  }
}
