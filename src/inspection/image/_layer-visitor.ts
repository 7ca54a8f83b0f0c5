import { ArchiveError } from '../../bytes/archive-error.ts';
import { isOutOfMemory } from '../../bytes/is-out-of-memory.ts';
import type { TarBodyRest, TarEntry, TarVisitor } from '../../bytes/tar-entry.ts';
import { FileReadings } from './_file-readings.ts';
import { hashPath } from './_path-hashes.ts';
import type { LayerProbe } from './layer-probe.ts';

export interface LayerProblem {
  readonly code: string;
  readonly message: string;
}

/** What the contents of one layer give that is kept: so many hits, in files whose paths have so many characters together. */
const hitsMax = 10_000;
const hitPathsLengthMax = 2 * 1024 * 1024;

const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';

/** threats.md D3: what a header alone may make us hold. */
const sparseFileBytesMax = 8 * 1024 * 1024;

/** A file above so many bytes is not read whole, where the probe takes so many of it. */
export function wholeFileBytesMax(entry: TarEntry, sizeBytesMax: number): number {
  return entry.isSparse ? Math.min(sparseFileBytesMax, sizeBytesMax) : sizeBytesMax;
}

/** Collects from a layer's members what its report says. */
export class LayerVisitor<Found, Hit = never> implements TarVisitor {
  readonly files = new Map<string, readonly Found[]>();
  readonly contents: { readonly path: string; readonly hits: readonly Hit[] }[] = [];
  /** Hits above the limit. */
  omittedHitCount = 0;
  readonly whiteouts: string[] = [];
  readonly opaqueDirectories: string[] = [];
  readonly links = new Map<string, string>();
  readonly hardLinks = new Map<string, string>();
  /** Wanted paths that are links of either kind. */
  readonly wantedLinks = new Set<string>();
  readonly nonDirectoryHashes: string[] = [];
  readonly directoryHashes: string[] = [];
  entryCount = 0;
  newestEntryAtMs = 0;
  problem: LayerProblem | undefined;
  readonly #probe: LayerProbe<Found, Hit>;
  readonly #readings: FileReadings<Found, Hit>;
  readonly #linksMax: number;
  #hitCount = 0;
  #hitPathsLength = 0;
  /** The file whose body comes next. */
  #file = { path: '', sizeBytes: 0, isExtracted: false };

  constructor(probe: LayerProbe<Found, Hit>, linksMax: number) {
    this.#probe = probe;
    this.#linksMax = linksMax;
    this.#readings = new FileReadings(probe, {
      found: (path, found) => this.files.set(path, [...(this.files.get(path) ?? []), ...found]),
      hits: (path, hits) => this.#keepHits(path, hits),
      problem: (code, message) => this.report(code, message),
    });
  }

  get executableCount(): number {
    return this.#readings.executableCount;
  }

  entry(entry: TarEntry): number {
    this.entryCount += 1;
    if (entry.modifiedAtMs > this.newestEntryAtMs) this.newestEntryAtMs = entry.modifiedAtMs;
    if (entry.path === '') return 0;
    if (entry.path.includes(whiteoutPrefix) && this.#takeWhiteout(entry.path)) return 0;
    if (entry.type === 'directory') {
      this.#forget(entry.path);
      this.directoryHashes.push(hashPath(entry.path));
      return 0;
    }
    this.nonDirectoryHashes.push(hashPath(entry.path));
    return entry.type === 'file' ? this.#takeFile(entry) : this.#takeLink(entry);
  }

  body(bytes: Buffer): void {
    if (this.#file.isExtracted) this.extract(this.#file.path, bytes);
    this.#readings.begin(this.#file, bytes);
  }

  rest(): TarBodyRest | undefined {
    return this.#readings.rest();
  }

  /** Gives the file to the probe; one that it cannot understand makes the layer incomplete. */
  extract(path: string, bytes: Buffer): void {
    try {
      this.files.set(path, this.#probe.extract(path, bytes));
    } catch (error) {
      if (isOutOfMemory(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      this.files.set(path, []);
      this.report('unreadable', `"${path}" could not be understood: ${reason}`);
    }
  }

  /** Notes why the layer is not read whole; the first reason stays. */
  report(code: string, message: string): void {
    this.problem ??= { code, message };
  }

  #keepHits(path: string, hits: readonly Hit[]): void {
    const isRoom = this.#hitPathsLength + path.length <= hitPathsLengthMax;
    const kept = isRoom ? hits.slice(0, hitsMax - this.#hitCount) : [];
    this.omittedHitCount += hits.length - kept.length;
    if (kept.length === 0) return;
    this.#hitCount += kept.length;
    this.#hitPathsLength += path.length;
    this.contents.push({ path, hits: kept });
  }

  #takeFile(entry: TarEntry): number {
    const { path, sizeBytes } = entry;
    const head = Math.min(sizeBytes, this.#readings.headBytes);
    this.#file = { path, sizeBytes, isExtracted: false };
    this.#forget(path);
    if (!this.#probe.wants(path)) return head;
    this.files.set(path, []);
    const sizeBytesMax = wholeFileBytesMax(entry, this.#probe.fileSizeBytesMax(path));
    if (sizeBytes > sizeBytesMax) {
      this.report('limit:file', `"${path}" is larger than ${sizeBytesMax} bytes`);
      return head;
    }
    if (sizeBytes === 0) this.extract(path, Buffer.alloc(0));
    this.#file = { path, sizeBytes, isExtracted: true };
    return sizeBytes;
  }

  /** Devices too: they are not directories, and hold nothing. */
  #takeLink(entry: TarEntry): number {
    this.#forget(entry.path);
    if (entry.type === 'device') return 0;
    (entry.type === 'symlink' ? this.links : this.hardLinks).set(entry.path, entry.linkTarget);
    if (this.links.size + this.hardLinks.size > this.#linksMax) {
      throw new ArchiveError('limit:entries', `Cannot read the layer: at most ${this.#linksMax} links`);
    }
    if (this.#probe.wants(entry.path)) this.wantedLinks.add(entry.path);
    return 0;
  }

  /** A member replaces an earlier one of the same path (the last one wins in every reader). */
  #forget(path: string): void {
    this.files.delete(path);
    this.#forgetLink(path);
  }

  #forgetLink(path: string): void {
    if (this.links.size > 0) this.links.delete(path);
    if (this.hardLinks.size > 0) this.hardLinks.delete(path);
    if (this.wantedLinks.size > 0) this.wantedLinks.delete(path);
  }

  /** OCI image-spec v1.1 layer.md#whiteouts; true when the member is one. */
  #takeWhiteout(path: string): boolean {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const directory = slash < 0 ? '' : path.slice(0, slash);
    if (!name.startsWith(whiteoutPrefix)) return false;
    if (name === opaqueName) {
      this.opaqueDirectories.push(directory);
      return true;
    }
    const hidden = name.slice(whiteoutPrefix.length);
    if (hidden === '' || hidden === '.' || hidden === '..') {
      throw new ArchiveError('ambiguous', `Cannot read the layer: whiteout "${path}" must name a file`);
    }
    // AUFS keeps its own records at the root under this prefix; containerd and Docker pass over them.
    if (directory === '' && hidden.startsWith(whiteoutPrefix)) return true;
    this.whiteouts.push(directory === '' ? hidden : `${directory}/${hidden}`);
    return true;
  }
}
