export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'directory' | 'device';

/** A member of a tar archive as its headers, taken together, describe it. */
export interface TarEntry {
  /** Cleaned: no leading or trailing slash, no `.` or `..`; empty for the root directory. */
  readonly path: string;
  /** `device` stands for devices and pipes of every kind. */
  readonly type: TarEntryType;
  /** Bytes of the file, holes included; 0 for all but files. */
  readonly sizeBytes: number;
  /** Target as written for a symbolic link, cleaned path for a hard link, else empty. */
  readonly linkTarget: string;
  /** Milliseconds since 1970; 0 when the header does not say. */
  readonly modifiedAtMs: number;
  /** The archive leaves out its holes: the visitor is shown zeros in their place, but `sizeBytes` may be any number. */
  readonly isSparse: boolean;
}

/** Receives the members of an archive in its order. */
export interface TarVisitor {
  /** Returns how many leading bytes of the body are wanted: 0 to skip it, `sizeBytes` for all. */
  entry(entry: TarEntry): number;
  /** The wanted bytes of the last entry, in one piece; valid during the call only. Not called when there are none. */
  body(bytes: Buffer): void;
  /** Asked after `body()` when the body goes on: who takes the rest. Without an answer it is passed over. */
  rest?(): TarBodyRest | undefined;
}

/** Takes what follows the wanted beginning of a body. An archive that breaks off in between never calls `end()`. */
export interface TarBodyRest {
  /** The next bytes, in pieces of any length; valid during the call only. */
  piece(bytes: Buffer): void;
  /** The body is whole. */
  end(): void;
}

export interface TarLimits {
  readonly entriesMax: number;
  readonly pathBytesMax: number;
  /** Largest PAX record block or GNU long name. */
  readonly headerBytesMax: number;
  /** Zeros shown in the place of the holes of sparse files, together. */
  readonly holeBytesMax: number;
}

/** threats.md §1.9. */
export const defaultTarLimits: TarLimits = {
  entriesMax: 2_000_000,
  pathBytesMax: 4096,
  headerBytesMax: 1024 * 1024,
  holeBytesMax: 1024 * 1024 * 1024,
};
