import type { HeldBytes } from '../../../bytes/held-bytes.ts';

/** A named part of a program file. */
export interface ProgramSection {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A part of an ELF file that is loaded: its bytes in the file stand at `address` when the program runs. */
export interface ProgramSegment {
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Written to when the program runs, and not run. */
  readonly isData: boolean;
}

/** Bytes of a file from `start` on and before `end`. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

const sectionsMax = 10_000;

/** Sections of an ELF, PE or Mach-O file; empty when there are none or they make no sense. */
export function programSections(program: HeldBytes): readonly ProgramSection[] {
  const magic = program.read(0, 4).toString('hex');
  if (magic === '7f454c46') return elfTables(program)?.sections ?? [];
  if (magic.startsWith('4d5a')) return peSections(program);
  return magic === 'cffaedfe' ? machSections(program) : [];
}

/** Loaded segments of an ELF file; of others the answer makes no sense. */
export function elfSegments(program: HeldBytes): readonly ProgramSegment[] {
  return elfTables(program)?.segments ?? [];
}

/** Where the data of these segments stands in a file of so many bytes: each place once, however many of them overlap. */
export function dataRanges(segments: readonly ProgramSegment[], fileBytes: number): readonly FileRange[] {
  const ranges: FileRange[] = [];
  const data = segments.filter(({ isData, offset }) => isData && offset < fileBytes);
  for (const { offset, sizeBytes } of data.toSorted((one, other) => one.offset - other.offset)) {
    const start = Math.max(offset, ranges.at(-1)?.end ?? 0);
    const end = Math.min(offset + sizeBytes, fileBytes);
    if (start < end) ranges.push({ start, end });
  }
  return ranges;
}

/** Whether numbers in the program are little-endian. */
export function isLittleEndian(program: HeldBytes): boolean {
  const head = program.read(0, 6);
  return head.readUInt32BE(0) !== 0x7f454c46 || head[5] === 1;
}

interface ElfTables {
  readonly sections: readonly ProgramSection[];
  readonly segments: readonly ProgramSegment[];
}

/** Reads numbers of a program; beyond its end they are 0, so that broken tables name nothing. */
class NumberReader {
  readonly #program: HeldBytes;
  readonly #isLittle: boolean;
  constructor(program: HeldBytes, isLittle: boolean) {
    this.#program = program;
    this.#isLittle = isLittle;
  }

  read(offset: number, sizeBytes: 2 | 4 | 8): number {
    const bytes = this.#program.read(offset, sizeBytes);
    if (bytes.length < sizeBytes) return 0;
    if (sizeBytes === 8) return Number(this.#isLittle ? bytes.readBigUInt64LE() : bytes.readBigUInt64BE());
    return this.#isLittle ? bytes.readUIntLE(0, sizeBytes) : bytes.readUIntBE(0, sizeBytes);
  }

  /** The text at the offset, to its NUL. */
  text(offset: number, lengthMax: number): string {
    const bytes = this.#program.read(offset, lengthMax);
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  }
}

/** PT_LOAD. */
const loadedSegment = 1;

/** https://gabi.xinuos.com/elf/ : file header, section headers, program headers, of 32 and 64 bits. */
function elfTables(program: HeldBytes): ElfTables | undefined {
  if (program.sizeBytes < 64) return undefined;
  const is64 = program.read(4, 1)[0] === 2;
  const reader = new NumberReader(program, isLittleEndian(program));
  const word = is64 ? 8 : 4;
  const sectionTable = reader.read(is64 ? 0x28 : 0x20, word);
  const sectionBytes = is64 ? 64 : 40;
  const sectionCount = Math.min(sectionsMax, reader.read(is64 ? 0x3c : 0x30, 2));
  const namesIndex = reader.read(is64 ? 0x3e : 0x32, 2);
  const sectionAt = (index: number) => {
    const at = sectionTable + index * sectionBytes;
    return {
      nameOffset: reader.read(at, 4),
      offset: reader.read(at + (is64 ? 0x18 : 0x10), word),
      sizeBytes: reader.read(at + (is64 ? 0x20 : 0x14), word),
    };
  };
  const names = sectionAt(namesIndex);
  const sections = Array.from({ length: sectionCount }, (_, index) => sectionAt(index)).map((section) => ({
    name: reader.text(names.offset + section.nameOffset, 64),
    offset: section.offset,
    sizeBytes: section.sizeBytes,
  }));
  const segmentTable = reader.read(is64 ? 0x20 : 0x1c, word);
  const segmentCount = reader.read(is64 ? 0x38 : 0x2c, 2);
  const headersAt = Array.from(
    { length: Math.min(sectionsMax, segmentCount) },
    (_, index) => segmentTable + index * (is64 ? 56 : 32),
  );
  const loadedAt = headersAt.filter((at) => reader.read(at, 4) === loadedSegment);
  const segments = loadedAt.map((at) => ({
    offset: reader.read(at + (is64 ? 0x08 : 0x04), word),
    address: reader.read(at + (is64 ? 0x10 : 0x08), word),
    sizeBytes: reader.read(at + (is64 ? 0x20 : 0x10), word),
    // PF_X is 1, PF_W is 2.
    isData: (reader.read(at + (is64 ? 0x04 : 0x18), 4) & 3) === 2,
  }));
  return { sections, segments };
}

/** https://learn.microsoft.com/en-us/windows/win32/debug/pe-format */
function peSections(program: HeldBytes): readonly ProgramSection[] {
  const reader = new NumberReader(program, true);
  const header = reader.read(0x3c, 4);
  if (program.read(header, 4).toString('latin1') !== 'PE\0\0') return [];
  const table = header + 24 + reader.read(header + 20, 2);
  return Array.from({ length: Math.min(sectionsMax, reader.read(header + 6, 2)) }, (_, index) => {
    const at = table + index * 40;
    return {
      name: reader.text(at, 8),
      sizeBytes: reader.read(at + 16, 4),
      offset: reader.read(at + 20, 4),
    };
  });
}

/** 64-bit little-endian Mach-O: segment commands (0x19) with their sections. */
function machSections(program: HeldBytes): readonly ProgramSection[] {
  const reader = new NumberReader(program, true);
  const sections: ProgramSection[] = [];
  let at = 32;
  for (let left = Math.min(sectionsMax, reader.read(16, 4)); left > 0; left -= 1) {
    const sizeBytes = reader.read(at + 4, 4);
    if (sizeBytes < 8) break;
    const count = reader.read(at, 4) === 0x19 ? reader.read(at + 64, 4) : 0;
    for (let index = 0; index < count && sections.length < sectionsMax; index += 1) {
      const section = at + 72 + index * 80;
      sections.push({
        name: reader.text(section, 16),
        sizeBytes: reader.read(section + 40, 8),
        offset: reader.read(section + 48, 4),
      });
    }
    at += sizeBytes;
  }
  return sections;
}
