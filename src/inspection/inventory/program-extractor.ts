import type { HeldBytes } from '../../bytes/held-bytes.ts';
import type { Found } from './found.ts';

/** Reads what is written in programs (ELF, PE, Mach-O), wherever they lie. */
export interface ProgramExtractor {
  /**
   * What stands in every program of this kind: a library that is too large to be read is searched for it. Absent where nothing is
   * read of libraries.
   */
  readonly mark?: Buffer;
  /** What is in the program; empty when it is none of this kind. Never throws, as `Extractor.extract()`. */
  extract(path: string, program: HeldBytes): readonly Found[];
}
