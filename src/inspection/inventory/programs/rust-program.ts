import { inflateSync } from 'node:zlib';
import type { Found } from '../found.ts';
import { languagePackage, unreadable } from '../listed-packages.ts';
import type { ProgramExtractor } from '../program-extractor.ts';
import { DocumentError, UntypedDocument } from '../untyped-document.ts';
import { programSections } from './_program-sections.ts';

const sectionName = '.dep-v0';
/** What cargo-auditable itself accepts when it reads a program. */
const inflatedBytesMax = 8 * 1024 * 1024;

/**
 * The crates that a Rust program was built from, where it was built with cargo-auditable or by a distribution that does:
 * section `.dep-v0`, JSON under zlib. https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md
 */
export const rustProgramExtractor: ProgramExtractor = {
  mark: Buffer.from(`${sectionName}\0`),
  extract: (_path, program) => {
    const section = programSections(program).find(({ name }) => name === sectionName);
    if (section === undefined) return [];
    try {
      const packed = program.read(section.offset, section.sizeBytes);
      const inflated = inflateSync(packed, { maxOutputLength: inflatedBytesMax });
      return UntypedDocument.json(inflated).required('packages').items.flatMap(cratesOf);
    } catch (error) {
      if (error instanceof DocumentError || (error instanceof Error && 'code' in error)) {
        return [unreadable('The list of crates in a Rust program could not be read')];
      }
      throw error;
    }
  },
};

/** Crates that only the build needs are listed too, and are not in the program. */
function cratesOf(item: UntypedDocument): Found[] {
  if (item.at('kind').text === 'build' || item.at('source').text === 'local') return [];
  return [languagePackage('rust', { name: item.at('name').text, version: item.at('version').text })];
}
