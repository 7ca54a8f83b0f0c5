import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageFacts } from '../report/image-facts.ts';
import { readFacts } from './read-facts.ts';

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
const entryTtlMs = 5_000;

/**
 * The facts of images, from memory where possible: dropped when a change is notified, never older than 5 seconds, and
 * read afresh while the listener is down. Failures are thrown, never answered as "no findings".
 */
export class ImageFactsStore {
  readonly #options: ImageFactsStoreOptions;
  readonly #images: LRUCache<string, ImageFacts>;
  /** Kept apart: nothing says which index holds a changed image, so a change of any drops all. */
  readonly #indexes: LRUCache<string, ImageFacts>;
  readonly #loading = new Map<string, Promise<ImageFacts | undefined>>();
  readonly #unsubscribe: () => void;

  constructor(options: ImageFactsStoreOptions) {
    this.#options = options;
    const max = options.entriesMax ?? 10_000;
    this.#images = new LRUCache({ max, ttl: entryTtlMs });
    this.#indexes = new LRUCache({ max: Math.ceil(max / 10), ttl: entryTtlMs });
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

  /** Facts of many manifests in few queries; those that are not stored are absent. Does not fill the memory. */
  async factsOfMany(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>> {
    const { db, now, feedAgeMaxDays = 5 } = this.#options;
    return await readFacts(db, { digests, now: now(), feedAgeMaxDays });
  }

  close(): void {
    this.#unsubscribe();
    this.#forgetAll();
  }

  async #read(digest: Digest): Promise<ImageFacts | undefined> {
    return (await this.factsOfMany([digest])).get(digest);
  }

  #keep(digest: Digest, facts: ImageFacts): void {
    (facts.kind === 'index' ? this.#indexes : this.#images).set(digest, facts);
  }

  #forget(payload: string): void {
    if (!payload.startsWith('image:')) {
      this.#forgetAll();
      return;
    }
    this.#images.delete(payload.slice('image:'.length));
    this.#indexes.clear();
    this.#loading.clear();
  }

  #forgetAll(): void {
    this.#images.clear();
    this.#indexes.clear();
    this.#loading.clear();
  }
}
