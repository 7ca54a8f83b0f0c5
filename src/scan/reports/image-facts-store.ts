import { LRUCache } from 'lru-cache';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageFacts, PackageFacts } from '../../report/image-facts.ts';
import { readPackageFacts } from '../matches/read-package-facts.ts';
import { SharedDetails } from '../matches/shared-details.ts';
import { type FactsQuery, readFacts } from './read-facts.ts';
import { RefreshAhead } from './refresh-ahead.ts';

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

/** No answer is of an earlier instant than this long ago: doubts depend on the clock, too. */
const entryTtlMs = 2_500;
/** An image that is asked for is read again from this age on, so that nobody waits for that at the end of the time above. */
const refreshAgeMs = 1_500;
/**
 * What is known against packages changes with the feeds, whose versions are asked with each read, and with newer rules of
 * matching, which is notified with each part of it that commits: only a notification that nobody noticed to be lost would leave
 * it to this.
 */
const packageTtlMs = 60_000;
/**
 * Findings kept by package, and a package as one, so that packages of a kernel, of thousands each, are bounded too. Each takes 8 bytes
 * where packages share it, and 150 at most; to read what was let go takes a second for a million.
 */
const findingsMax = 300_000;
/** So many images are a page, and likely asked for again; of more, what is read is not kept. */
const pageImagesMax = 200;
/** Who asks for more at once shows a list: it is not worth reading ahead. */
const refreshedAtOnceMax = 20;

/** An image as it is kept. */
interface KnownImage {
  readonly facts: ImageFacts;
  /** When its reading began, by `performance.now()`. */
  readonly readAtMs: number;
  /** What had been heard of new versions of the feeds by then. */
  readonly news: number;
}

/** A reading that whoever asks for the same waits for. */
interface Loading {
  readonly facts: Promise<ImageFacts | undefined>;
  readonly beganAtMs: number;
}

/** A reading that is under way, and what makes its answers old before they are there. */
class Reading {
  readonly beganAtMs = performance.now();
  readonly news: number;
  readonly changed = new Set<string>();
  isVoid = false;

  constructor(news: number) {
    this.news = news;
  }

  /** Nothing says which index holds a changed image. */
  mayKeep({ digest, kind }: ImageFacts): boolean {
    return !this.isVoid && !this.changed.has(digest) && (kind !== 'index' || this.changed.size === 0);
  }
}

/** What was known against a package, and by which versions of the feeds. */
interface KnownFacts {
  readonly facts: PackageFacts | null;
  readonly generation: string;
}

/**
 * The facts of images, from memory where possible. What changes an image itself drops it at once. A new version of the feeds has it
 * read again beside the requests, which are answered by the last version meanwhile: never by what was read more than 2.5 s ago,
 * nor once the update is shown as followed. While the listener is down all is read afresh. Failures are thrown,
 * never answered as "no findings".
 */
export class ImageFactsStore {
  readonly #options: ImageFactsStoreOptions;
  readonly #images: LRUCache<string, KnownImage>;
  /** Kept apart: nothing says which index holds a changed image, so a change of any drops all. */
  readonly #indexes: LRUCache<string, KnownImage>;
  readonly #loading = new Map<string, Loading>();
  readonly #readings = new Set<Reading>();
  readonly #ahead = new RefreshAhead((digests) => this.#refresh(digests));
  /** What is known against packages; null: nothing. Images share most of theirs. */
  readonly #packages: LRUCache<number, KnownFacts>;
  readonly #details = new SharedDetails();
  /** Grows with every new version of the feeds that is heard of. */
  #news = 0;
  /** Grows when what is known of packages is forgotten: what was read before may be the old answer. */
  #forgotten = 0;
  readonly #unsubscribe: () => void;

  constructor(options: ImageFactsStoreOptions) {
    this.#options = options;
    const max = options.entriesMax ?? 10_000;
    // What is too old is let go at once: it would hold findings of packages that are no longer kept.
    const ageing = { ttl: entryTtlMs, ttlAutopurge: true, perf: { now: () => performance.now() } };
    this.#images = new LRUCache({ max, ...ageing });
    this.#indexes = new LRUCache({ max: Math.ceil(max / 10), ...ageing });
    this.#packages = new LRUCache({
      maxSize: findingsMax,
      sizeCalculation: ({ facts }) => 1 + (facts?.vulnerabilities.length ?? 0),
      ttl: packageTtlMs,
    });
    this.#unsubscribe = options.listener.subscribe(
      'pratique_facts',
      (payload) => this.#hear(payload),
      () => this.#forgetAll(),
    );
  }

  /** Facts of a manifest; of an index, those of all its images together. Undefined: no such manifest is stored. */
  async factsOf(digest: Digest): Promise<ImageFacts | undefined> {
    if (!this.#options.listener.isListening()) return (await this.#readNow([digest])).get(digest);
    const known = this.#known(digest);
    if (known !== undefined) {
      this.#readAhead(digest, known);
      return known.facts;
    }
    const running = this.#loading.get(digest);
    if (running !== undefined && performance.now() - running.beganAtMs < entryTtlMs)
      return await running.facts;
    const [loading] = this.#load([digest]);
    return await loading;
  }

  /**
   * Facts of many manifests in few queries; those that are not stored are absent. From memory only what is of the newest version
   * of the feeds that was heard of, or all.
   */
  async factsOfMany(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>> {
    if (!this.#options.listener.isListening()) return await this.#readNow(digests);
    const found = new Map<Digest, ImageFacts>();
    const held = new Map(digests.map((digest) => [digest, this.#known(digest)]));
    const first = held.values().next().value;
    const isOfOneVersion = [...held.values()].every((known) => known?.news === first?.news);
    const missing: Digest[] = [];
    for (const [digest, known] of held) {
      if (known === undefined || (!isOfOneVersion && known.news !== this.#news)) missing.push(digest);
      else {
        found.set(digest, known.facts);
        if (held.size <= refreshedAtOnceMax) this.#readAhead(digest, known);
      }
    }
    for (const [digest, facts] of await this.#read(missing)) found.set(digest, facts);
    return found;
  }

  close(): void {
    this.#unsubscribe();
    this.#forgetAll();
  }

  #known(digest: Digest): KnownImage | undefined {
    return this.#images.get(digest) ?? this.#indexes.get(digest);
  }

  #readAhead(digest: Digest, { news, readAtMs }: KnownImage): void {
    if (news !== this.#news || performance.now() - readAtMs >= refreshAgeMs) this.#ahead.want(digest);
  }

  async #refresh(digests: readonly Digest[]): Promise<void> {
    // What went meanwhile is read when somebody asks for it.
    const held = digests.filter((digest) => this.#known(digest) !== undefined);
    await Promise.all(this.#load(held));
  }

  /** Reads manifests together; whoever asks for one of them meanwhile waits for this. */
  #load(digests: readonly Digest[]): readonly Promise<ImageFacts | undefined>[] {
    const beganAtMs = performance.now();
    const reading = this.#read(digests);
    return digests.map((digest) => {
      const facts = reading
        .then((read) => read.get(digest))
        .finally(() => {
          if (this.#loading.get(digest) === loading) this.#loading.delete(digest);
        });
      const loading: Loading = { facts, beganAtMs };
      this.#loading.set(digest, loading);
      return facts;
    });
  }

  /** Reads manifests, and keeps what no change that was notified meanwhile may have made old. */
  async #read(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>> {
    if (digests.length === 0) return new Map();
    const reading = new Reading(this.#news);
    this.#readings.add(reading);
    try {
      const read = await this.#readNow(digests);
      if (digests.length <= pageImagesMax)
        for (const [digest, facts] of read) if (reading.mayKeep(facts)) this.#keep(digest, facts, reading);
      return read;
    } finally {
      this.#readings.delete(reading);
    }
  }

  async #readNow(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>> {
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
    const before = this.#forgotten;
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
      if (before === this.#forgotten) this.#packages.set(id, { facts: facts ?? null, generation });
    }
    return known;
  }

  #keep(digest: Digest, facts: ImageFacts, { beganAtMs: readAtMs, news }: Reading): void {
    const ttl = entryTtlMs - (performance.now() - readAtMs);
    // Of two readings side by side the one that ends last need not be the later.
    if (ttl <= 0 || (this.#known(digest)?.readAtMs ?? 0) > readAtMs) return;
    (facts.kind === 'index' ? this.#indexes : this.#images).set(digest, { facts, readAtMs, news }, { ttl });
  }

  #hear(payload: string): void {
    if (payload === 'versions') this.#news += 1;
    else if (payload === 'feed') {
      this.#news += 1;
      this.#forgetPackages();
    } else if (payload === 'images') this.#forgetBehind();
    else if (payload.startsWith('image:')) this.#forgetImage(payload.slice('image:'.length));
    else this.#forgetAll();
  }

  #forgetImage(digest: string): void {
    for (const reading of this.#readings) reading.changed.add(digest);
    this.#images.delete(digest);
    this.#indexes.clear();
    // It may be an index, and whoever asks from now on must not get what was read before.
    this.#loading.clear();
  }

  /** An update has been followed to its end: nothing of before is answered from now on. */
  #forgetBehind(): void {
    for (const known of [this.#images, this.#indexes])
      for (const [digest, { news }] of [...known.entries()]) if (news !== this.#news) known.delete(digest);
    for (const reading of this.#readings) if (reading.news !== this.#news) reading.isVoid = true;
    this.#loading.clear();
  }

  #forgetAll(): void {
    for (const reading of this.#readings) reading.isVoid = true;
    this.#images.clear();
    this.#indexes.clear();
    this.#loading.clear();
    this.#ahead.clear();
    this.#forgetPackages();
  }

  #forgetPackages(): void {
    this.#forgotten += 1;
    this.#packages.clear();
    this.#details.forget();
  }
}
