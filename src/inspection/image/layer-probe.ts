import type { HeldBytes } from '../../bytes/held-bytes.ts';

/**
 * What an inspection looks for in a layer. The reader of the layer opens files and holds the limits; the probe only says
 * which files it wants and what is in them. `Found` is what an image is judged by when its layers lie on one another;
 * `Hit` is what counts in a layer even when an upper one hides the file.
 */
export interface LayerProbe<Found, Hit = never> {
  /**
   * Whether the regular file at this cleaned path (`var/lib/dpkg/status`) is wanted. Asked once per member, so it must be
   * quick. A wanted file that cannot be given whole makes the report incomplete.
   */
  wants(path: string): boolean;
  /** A wanted file at this path above so many bytes is not read: the report is incomplete. */
  fileSizeBytesMax(path: string): number;
  /**
   * What is in the file; an empty list when nothing is. `bytes` are valid during the call only. A throw means that the
   * file could not be understood and makes the report incomplete.
   */
  extract(path: string, bytes: Buffer): readonly Found[];
  /**
   * Exact paths whose absence means something (package databases, release files). A link on the way to one of them is
   * followed; where that fails the result is incomplete, never "nothing found" (threats.md D6).
   */
  readonly knownPaths?: readonly string[];
  /**
   * What is wanted below a link at this path, if it leads to a folder; undefined for most. Asked once per symbolic link. Files of
   * a known name are read for the link too, else the layer is incomplete.
   */
  belowLink?(link: string): LinkedFolder | undefined;
  /** Reads programs wherever they lie; absent when nothing is wanted of them. */
  readonly programs?: ProgramProbe<Found>;
  /** Reads every regular file; absent when nothing is wanted of them. */
  readonly contents?: ContentProbe<Hit>;
}

/** A folder whose files are wanted because of its name, or that of one above it. */
export interface LinkedFolder {
  /** The wanted paths below the link; `unknown` when they may have any name. */
  readonly paths: readonly string[] | 'unknown';
  /** Whether the same files are wanted below the folder itself, by its own path. */
  isWantedAt(folder: string): boolean;
}

/** Programs are known by their first bytes: ELF, PE and Mach-O, libraries included. */
export interface ProgramProbe<Found> {
  /** A larger one is not read: the report is incomplete, unless `isExpendable()` and none of `marks` stands in it. */
  readonly sizeBytesMax: number;
  /** Whether one at this path that is too large may be passed over, because such files seldom hold what is wanted. */
  isExpendable(path: string): boolean;
  /** One of these stands in every program of which something may be wanted. */
  readonly marks: readonly Buffer[];
  /** As `LayerProbe.extract()`, of a file that need not be in one piece. */
  extract(path: string, bytes: HeldBytes): readonly Found[];
}

export interface ContentProbe<Hit> {
  /** What reads the file whose first bytes these are (all of it when `isWhole`); undefined to pass over it. */
  start(path: string, head: Buffer, isWhole: boolean): ContentReading<Hit> | undefined;
}

/** Reads one file from its first byte to its last. */
export interface ContentReading<Hit> {
  /** Bytes in pieces of any length, the head included; valid during the call only. */
  write(bytes: Buffer): void;
  end(): readonly Hit[];
}
