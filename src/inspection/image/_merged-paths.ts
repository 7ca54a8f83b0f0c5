import { hashPath, hasPathHash } from './_path-hashes.ts';
import { resolvePath } from './_resolve-path.ts';
import type { LayerReport } from './layer-report.ts';

interface MergedFile<Found> {
  readonly layerIndex: number;
  readonly found: readonly Found[];
}

/** One layer as the paths below it feel it. */
interface AppliedLayer {
  readonly report: LayerReport<unknown, unknown>;
  /** Paths as the layer writes them, of the files it gave to the probe. */
  readonly readPaths: ReadonlySet<string>;
  /** Whether the layer takes away, or puts something else in the place of, a lower file or link at the path. */
  hides(path: string): boolean;
}

/** The files and links that remain visible while layers are added, bottom first. */
export class MergedPaths<Found> {
  readonly files = new Map<string, MergedFile<Found>>();
  readonly unresolvedLinks = new Set<string>();
  readonly #links = new Map<string, string>();
  readonly #layers: AppliedLayer[] = [];
  readonly #hashes = new Map<string, string>();

  readonly linkAt = (path: string): string | undefined => this.#links.get(path);

  get topIndex(): number {
    return this.#layers.length - 1;
  }

  linkPaths(): readonly string[] {
    return [...this.#links.keys()];
  }

  add(report: LayerReport<Found, unknown>): void {
    const ownLinks = new Map(Object.entries(report.links));
    // A directory with an entry of its own replaces a link below it; any other path goes through the link.
    const linkAt = (path: string): string | undefined => {
      const own = ownLinks.get(path);
      if (own !== undefined) return own;
      const lower = this.#links.get(path);
      return lower === undefined || this.#has(report.directoryHashes, path) ? undefined : lower;
    };
    const placeOf = (path: string): string => resolvePath(path, linkAt, { parentOnly: true }) ?? path;
    const layer = this.#apply(report, {
      whiteouts: new Set(report.whiteouts.map(placeOf)),
      opaque: new Set(report.opaqueDirectories.map((path) => resolvePath(path, linkAt) ?? path)),
    });
    for (const path of this.files.keys()) if (layer.hides(path)) this.files.delete(path);
    for (const path of this.#links.keys()) {
      if (!layer.hides(path)) continue;
      this.#links.delete(path);
      this.unresolvedLinks.delete(path);
    }
    const layerIndex = this.#layers.push(layer) - 1;
    for (const [path, target] of ownLinks) {
      const place = placeOf(path);
      this.#links.set(place, target);
      this.files.delete(place);
    }
    for (const { path, found } of report.files) {
      const place = placeOf(path);
      this.files.delete(place);
      this.files.set(place, { layerIndex, found });
    }
    // What lies below a link is looked for when all links are known: it may go again.
    for (const path of report.unresolvedLinks)
      this.unresolvedLinks.add(ownLinks.has(path) ? placeOf(path) : path);
  }

  /** Index of the layer that shows something other than a directory at the path, or undefined. */
  nonDirectoryLayer(path: string): number | undefined {
    for (let index = this.topIndex; index >= 0; index -= 1) {
      const layer = this.#layers[index];
      if (layer === undefined) continue;
      if (this.#has(layer.report.nonDirectoryHashes, path)) return index;
      if (layer.hides(path)) return undefined;
    }
    return undefined;
  }

  /** Index of a layer that writes something at this very path, without following links, and did not give it to the probe. */
  unreadLayerOf(path: string): number | undefined {
    const index = this.#layers.findLastIndex((layer) => this.#has(layer.report.nonDirectoryHashes, path));
    return index < 0 || this.#layers[index]?.readPaths.has(path) === true ? undefined : index;
  }

  #apply(
    report: LayerReport<Found, unknown>,
    removed: { readonly whiteouts: ReadonlySet<string>; readonly opaque: ReadonlySet<string> },
  ): AppliedLayer {
    const emptied = new Map<string, boolean>();
    /** Nothing of the lower layers remains below this directory. */
    const isEmptied = (directory: string): boolean => {
      if (removed.opaque.has(directory)) return true;
      if (directory === '') return false;
      const known = emptied.get(directory);
      if (known !== undefined) return known;
      const answer =
        removed.whiteouts.has(directory) ||
        this.#has(report.nonDirectoryHashes, directory) ||
        isEmptied(parentOf(directory));
      emptied.set(directory, answer);
      return answer;
    };
    return {
      report,
      readPaths: new Set(report.files.map(({ path }) => path)),
      hides: (path) =>
        removed.whiteouts.has(path) ||
        isEmptied(parentOf(path)) ||
        this.#has(report.nonDirectoryHashes, path) ||
        this.#has(report.directoryHashes, path),
    };
  }

  #has(joined: string, path: string): boolean {
    if (joined === '') return false;
    let wanted = this.#hashes.get(path);
    if (wanted === undefined) {
      wanted = hashPath(path);
      this.#hashes.set(path, wanted);
    }
    return hasPathHash(joined, wanted);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
