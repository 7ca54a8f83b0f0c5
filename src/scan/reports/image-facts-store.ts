import { LRUCache } from 'lru-cache';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageFacts, PackageFacts } from '../../report/image-facts.ts';
import { readPackageFacts } from '../matches/read-package-facts.ts';
import { SharedDetails } from '../matches/shared-details.ts';
import { type FactsQuery, readFacts } from './read-facts.ts';

/** The part of `Notifications` that caches need. */
export interface ChangeListener {
  subscribe(channel: string, receive: (payload: string) => void, missed?: () => void): () => void;
  /** While false, changes go unnoticed and nothing may be taken from a cache. */
  isListening(): boolean;
}

export interface ImageFactsStoreOptions {
  readonly db: Database;
  readonly listener: ChangeListener;
  readonly now: () => Date;
  /** A feed that was not confirmed for longer raises a doubt. Default 5. */
  readonly feedAgeMaxDays?: number;
  /** Images kept in memory. Default 10,000. */
  readonly entriesMax?: number;
}

/** Doubts depend on the clock as well, so even what nobody changed is read again after this. */
const entryTtlMs = 2_500;
/**
 * What is known against packages changes with the feeds, whose versions are asked with each read, and with newer rules of
 * matching, which is notified: only a notification that nobody noticed to be lost would leave it to this.
 */
const packageTtlMs = 60_000;
/** Findings kept by package, and a package as one, so that packages of a kernel, of thousands each, are bounded too. */
const findingsMax = 1_000_000;
/** So many images are a page, and likely asked for again; of more, what is read is not kept. */
const pageImagesMax = 200;

/** What was known against a package, and by which versions of the feeds. */
interface KnownFacts {
  readonly facts: PackageFacts | null;
  readonly generation: string;
}

/**
 * The facts of images, from memory where possible: dropped when a change is notified, never older than 2.5 seconds, of packages
 * as the feeds had them then, and read afresh while the listener is down. Failures are thrown, never answered as "no findings".
 */
export class ImageFactsStore {
  readonly #options: ImageFactsStoreOptions;
  readonly #images: LRUCache<string, ImageFacts>;
  /** Kept apart: nothing says which index holds a changed image, so a change of any drops all. */
  readonly #indexes: LRUCache<string, ImageFacts>;
  readonly #loading = new Map<string, Promise<ImageFacts | undefined>>();
  /** What is known against packages; null: nothing. Images share most of theirs. */
  readonly #packages: LRUCache<number, KnownFacts>;
  readonly #details = new SharedDetails();
  /** Grows with every change that is heard of: what was read before one may be the old answer. */
  #changes = 0;
  readonly #unsubscribe: () => void;

  constructor(options: ImageFactsStoreOptions) {
    this.#options = options;
    const max = options.entriesMax ?? 10_000;
    // What is too old is let go at once: it would hold findings of packages that are no longer kept.
    this.#images = new LRUCache({ max, ttl: entryTtlMs, ttlAutopurge: true });
    this.#indexes = new LRUCache({ max: Math.ceil(max / 10), ttl: entryTtlMs, ttlAutopurge: true });
    this.#packages = new LRUCache({
      maxSize: findingsMax,
      sizeCalculation: ({ facts }) => 1 + (facts?.vulnerabilities.length ?? 0),
      ttl: packageTtlMs,
    });
    this.#unsubscribe = options.listener.subscribe(
      'pratique_facts',
      (payload) => this.#forget(payload),
      () => this.#forgetAll(),
    );
  }

  /** Facts of a manifest; of an index, those of all its images together. Undefined: no such manifest is stored. */
  async factsOf(digest: Digest): Promise<ImageFacts | undefined> {
    if (!this.#options.listener.isListening()) return await this.#read(digest);
    const known = this.#images.get(digest) ?? this.#indexes.get(digest);
    if (known !== undefined) return known;
    const running = this.#loading.get(digest);
    if (running !== undefined) return await running;
    const loading: Promise<ImageFacts | undefined> = this.#read(digest).then((facts) => {
      // A change that was notified meanwhile has taken this load off the list: its answer may be the old one.
      if (facts !== undefined && this.#loading.get(digest) === loading) this.#keep(digest, facts);
      return facts;
    });
    this.#loading.set(digest, loading);
    try {
      return await loading;
    } finally {
      if (this.#loading.get(digest) === loading) this.#loading.delete(digest);
    }
  }

  /** Facts of many manifests in few queries; those that are not stored are absent. */
  async factsOfMany(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>> {
    if (!this.#options.listener.isListening()) return await this.#readMany(digests);
    const found = new Map<Digest, ImageFacts>();
    const missing: Digest[] = [];
    for (const digest of digests) {
      const known = this.#images.get(digest) ?? this.#indexes.get(digest);
      if (known === undefined) missing.push(digest);
      else found.set(digest, known);
    }
    if (missing.length === 0) return found;
    const before = this.#changes;
    for (const [digest, facts] of await this.#readMany(missing)) {
      found.set(digest, facts);
      if (missing.length <= pageImagesMax && before === this.#changes) this.#keep(digest, facts);
    }
    return found;
  }

  close(): void {
    this.#unsubscribe();
    this.#forgetAll();
  }

  async #read(digest: Digest): Promise<ImageFacts | undefined> {
    return (await this.#readMany([digest])).get(digest);
  }

  async #readMany(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>> {
    const { db, now, feedAgeMaxDays = 5 } = this.#options;
    const readPackages: FactsQuery['readPackages'] = (...given) => this.#readPackages(...given);
    return await readFacts(db, { digests, now: now(), feedAgeMaxDays, readPackages });
  }

  async #readPackages(
    db: Database,
    ids: readonly number[],
    generation: string,
  ): Promise<ReadonlyMap<number, PackageFacts>> {
    if (!this.#options.listener.isListening()) return await readPackageFacts(db, ids);
    const before = this.#changes;
    const known = new Map<number, PackageFacts>();
    const missing: number[] = [];
    for (const id of ids) {
      const entry = this.#packages.get(id);
      if (entry?.generation !== generation) missing.push(id);
      else if (entry.facts !== null) known.set(id, entry.facts);
    }
    const read = await this.#details.readPackageFacts(db, missing, generation);
    for (const id of missing) {
      const facts = read.get(id);
      if (facts !== undefined) known.set(id, facts);
      if (before === this.#changes) this.#packages.set(id, { facts: facts ?? null, generation });
    }
    return known;
  }

  #keep(digest: Digest, facts: ImageFacts): void {
    (facts.kind === 'index' ? this.#indexes : this.#images).set(digest, facts);
  }

  #forget(payload: string): void {
    if (payload === 'images') this.#forgetImages();
    else if (!payload.startsWith('image:')) this.#forgetAll();
    else {
      this.#changes += 1;
      this.#images.delete(payload.slice('image:'.length));
      this.#indexes.clear();
      this.#loading.clear();
    }
  }

  #forgetAll(): void {
    this.#forgetImages();
    this.#packages.clear();
    this.#details.forget();
  }

  /** What is known against packages stays: it was read after the feeds had changed, or is of another generation. */
  #forgetImages(): void {
    this.#changes += 1;
    this.#images.clear();
    this.#indexes.clear();
    this.#loading.clear();
  }
}
