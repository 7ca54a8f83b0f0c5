/**
 * What one layer holds, independent of every other layer, so that it is stored once per blob and merged per image.
 * Paths are cleaned: no leading slash, no `.` or `..`.
 */
export interface LayerReport<Found, Hit = never> {
  /** Digest of the inflated bytes, as `sha256:…`; absent when the layer could not be read to its end. */
  readonly diffId?: string;
  /** Files that some extractor wanted, whether or not anything was in them: an upper one replaces a lower one. */
  readonly files: readonly { readonly path: string; readonly found: readonly Found[] }[];
  /** What the content of files gave; hidden by no other layer. */
  readonly contents: readonly { readonly path: string; readonly hits: readonly Hit[] }[];
  /** Hits above the limit of a layer, which nobody knows more of; absent when there are none. */
  readonly omittedHitCount?: number;
  /** Paths removed from the layers below (`.wh.<name>`). */
  readonly whiteouts: readonly string[];
  /** Directories of which nothing below remains (`.wh..wh..opq`); empty text for the root. */
  readonly opaqueDirectories: readonly string[];
  /** Symbolic links, path to target as written: a link replaces a directory below it. */
  readonly links: Readonly<Record<string, string>>;
  /** Wanted paths that are links, or lie below one, whose target this layer does not hold: a layer below may. */
  readonly unresolvedLinks: readonly string[];
  /** Sorted path hashes (16 hex digits each, joined) of everything that is not a directory: it replaces what is below it. */
  readonly nonDirectoryHashes: string;
  /** The same of the directories that have an entry of their own: such a one replaces a file or link below it. */
  readonly directoryHashes: string;
  readonly entryCount: number;
  readonly inflatedBytes: number;
  /** At least one ELF, PE or Mach-O file: an image with programs but no package database could not be told. */
  readonly executableCount: number;
  /** Newest modification time of an entry, ISO 8601; absent for an empty layer. */
  readonly newestEntryAt?: string;
  /** Set when the layer could not be read whole: never to be taken for "nothing found". */
  readonly incomplete?: { readonly code: string; readonly message: string };
}
