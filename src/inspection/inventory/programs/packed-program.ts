import type { HeldBytes } from '../../../bytes/held-bytes.ts';
import { unreadable } from '../listed-packages.ts';
import type { ProgramExtractor } from '../program-extractor.ts';

const magic = Buffer.from('UPX!', 'latin1');
/** UPX writes its header behind the program headers and, with its loader, at the end of the file. */
const searchedBytes = 4096;

/** Programs packed by UPX hide what they were built from (threats.md D6). */
export const packedProgramExtractor: ProgramExtractor = {
  extract: (_path, program) =>
    isPacked(program)
      ? [unreadable('A program is packed by UPX, so what it is built from cannot be read')]
      : [],
};

function isPacked(program: HeldBytes): boolean {
  return (
    program.read(0, searchedBytes).includes(magic) &&
    program.read(Math.max(0, program.sizeBytes - searchedBytes), searchedBytes).includes(magic)
  );
}
