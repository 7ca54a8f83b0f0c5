import type { ProgramExtractor } from '../program-extractor.ts';
import { goProgramExtractor } from './go-program.ts';
import { knownProgramExtractor } from './known-programs.ts';
import { packedProgramExtractor } from './packed-program.ts';
import { rustProgramExtractor } from './rust-program.ts';

/** Readers of what is written in programs, wherever they lie. */
export const programExtractors: readonly ProgramExtractor[] = [
  packedProgramExtractor,
  goProgramExtractor,
  rustProgramExtractor,
  knownProgramExtractor,
];
