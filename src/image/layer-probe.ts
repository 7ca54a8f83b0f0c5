/**
 * What an inspection looks for in a layer. The reader of the layer opens files and holds the limits; the probe only says
 * which files it wants and what is in them.
 */
export interface LayerProbe<Found> {
  /**
   * Whether the regular file at this cleaned path (`var/lib/dpkg/status`) is wanted. Asked once per member, so it must be
   * quick. A wanted file that cannot be given whole makes the report incomplete.
   */
  wants(path: string): boolean;
  /** A wanted file above this is not read: the report is incomplete. */
  readonly fileSizeBytesMax: number;
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
}
