import type { LinkedFolder } from '../image/layer-probe.ts';
import type { Found } from './found.ts';

/** Reads one kind of file. It says what it needs; who opens files and holds the limits is `image/`. */
export interface Extractor {
  /** Exact paths whose absence means something; empty when the files may lie anywhere. */
  readonly knownPaths: readonly string[];
  /** Largest file that it reads, where that is more than the usual 32 MiB. */
  readonly fileSizeBytesMax?: number;
  /** Whether the file at this path (no leading slash) is wanted; asked for every entry of a layer. */
  wants(path: string): boolean;
  /** As `LayerProbe.belowLink()`; absent where a file is wanted by its own name, or all of its path is known. */
  belowLink?(link: string): LinkedFolder | undefined;
  /** What is in the file. Never throws: what makes no sense is found as `unreadable`. Linear in the file's size. */
  extract(path: string, bytes: Buffer): readonly Found[];
}
