/**
 * What one layer holds, independent of every other layer, so that it is stored once per blob and merged per image.
 * Paths are cleaned: no leading slash, no `.` or `..`.
 */
export interface LayerReport<Found> {
  /** Digest of the inflated bytes, as `sha256:…`; absent when the layer could not be read to its end. */
  readonly diffId?: string;
  /** Files that some extractor wanted, whether or not anything was in them: an upper one replaces a lower one. */
  readonly files: readonly { readonly path: string; readonly found: readonly Found[] }[];
  /** Paths removed from the layers below (`.wh.<name>`). */
  readonly whiteouts: readonly string[];
  /** Directories of which nothing below remains (`.wh..wh..opq`). */
  readonly opaqueDirectories: readonly string[];
  /** Symbolic links, path to target as written: a link replaces a directory below it. */
  readonly links: Readonly<Record<string, string>>;
  /** Sorted 64-bit hashes (hex, 16 digits each, joined) of every other path that is not a directory: it replaces a directory below it. */
  readonly nonDirectoryHashes: string;
  readonly entryCount: number;
  readonly inflatedBytes: number;
  /** At least one ELF, PE or Mach-O file: an image with programs but no package database could not be told. */
  readonly executableCount: number;
  /** Newest modification time of an entry, ISO 8601; absent for an empty layer. */
  readonly newestEntryAt?: string;
  /** Set when the layer could not be read whole: never to be taken for "nothing found". */
  readonly incomplete?: { readonly code: string; readonly message: string };
}
