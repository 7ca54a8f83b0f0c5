import type { HeldBytes } from '../../../bytes/held-bytes.ts';
import type { Found } from '../found.ts';
import { languagePackage, unreadable } from '../listed-packages.ts';
import type { ProgramExtractor } from '../program-extractor.ts';
import {
  dataRanges,
  elfSegments,
  isLittleEndian,
  type ProgramSegment,
  programSections,
} from './_program-sections.ts';

const magic = Buffer.from('\xff Go buildinf:', 'latin1');
const headerBytes = 32;
const inlineFlag = 2;
const bigEndianFlag = 1;
const textBytesMax = 8 * 1024 * 1024;
/** `go build` puts one of these, 16 bytes long, before and after the list of modules. */
const sentinelBytes = 16;
/** threats.md D9: so many places that only look like build information are passed over in one program. */
const falsePlacesMax = 1_000;

/**
 * The modules that a Go program was built from, and the standard library it holds, as `go version -m` lists them
 * (Go: src/debug/buildinfo/buildinfo.go). Programs built with Go 1.18 and later have the texts inline, older ones
 * pointers to them.
 */
export const goProgramExtractor: ProgramExtractor = {
  mark: magic,
  extract: (_path, program) => {
    const info = findBuildInfo(program);
    if (info === undefined) return [];
    return info === 'unreadable'
      ? [unreadable('The build information of a Go program could not be read')]
      : foundIn(info);
  },
};

interface BuildInfo {
  readonly goVersion: string;
  readonly modules: string;
}

/** It stands in a section of its own; where there is none of that name, Go too looks at what the program can write to. */
function findBuildInfo(program: HeldBytes): BuildInfo | 'unreadable' | undefined {
  const sections = programSections(program);
  const segments = elfSegments(program);
  const section = sections.find(({ name }) => name === '.go.buildinfo' || name === '__go_buildinfo');
  const isNamed = section !== undefined && section.sizeBytes > 0;
  const isThere = isNamed && program.read(section.offset, magic.length).equals(magic);
  const info = isThere ? readBuildInfo(program, segments, section.offset) : undefined;
  return info ?? searchedInfo(program, segments, sections.length > 0) ?? (isNamed ? 'unreadable' : undefined);
}

/** Of ELF files, half of an image, the data is searched: a twentieth of them. */
function searchedInfo(
  program: HeldBytes,
  segments: readonly ProgramSegment[],
  hasSections: boolean,
): BuildInfo | 'unreadable' | undefined {
  const isElf = program.read(0, 4).toString('latin1') === '\x7fELF';
  const ranges =
    isElf && hasSections ? dataRanges(segments, program.sizeBytes) : [{ start: 0, end: program.sizeBytes }];
  let falsePlaces = 0;
  for (const { start, end } of ranges) {
    for (let at = program.indexOf(magic, start, end); at !== undefined; ) {
      const info = at % 16 === 0 ? readBuildInfo(program, segments, at) : undefined;
      if (info !== undefined) return info;
      falsePlaces += 1;
      if (falsePlaces > falsePlacesMax) return 'unreadable';
      at = program.indexOf(magic, at + 1, end);
    }
  }
  return undefined;
}

/** Where a text stands in the program. */
interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

function readBuildInfo(
  program: HeldBytes,
  segments: readonly ProgramSegment[],
  offset: number,
): BuildInfo | undefined {
  const header = program.read(offset, headerBytes);
  if (header.length < headerBytes) return undefined;
  const isInline = ((header[15] ?? 0) & inlineFlag) !== 0;
  const places = isInline
    ? inlineTexts(program, offset + headerBytes)
    : pointedTexts(program, segments, header);
  const text = ({ offset: start, length }: TextPlace): string =>
    program.read(start, length).toString('latin1');
  // Looked at before the texts are read: they may be long, and places like this one many.
  const { goVersion, modules } = places ?? {};
  if (
    goVersion === undefined ||
    !/^(?:go\d|devel)/.test(text({ ...goVersion, length: Math.min(5, goVersion.length) }))
  )
    return undefined;
  const lines = modules === undefined ? '' : text(modules);
  // Anything else was not written by `go build`; it then lists no modules.
  const isWhole = lines.length >= 2 * sentinelBytes + 1 && lines.at(-sentinelBytes - 1) === '\n';
  return { goVersion: text(goVersion), modules: isWhole ? lines.slice(sentinelBytes, -sentinelBytes) : '' };
}

interface BuildTexts {
  readonly goVersion: TextPlace;
  readonly modules: TextPlace | undefined;
}

function inlineTexts(program: HeldBytes, offset: number): BuildTexts | undefined {
  const goVersion = lengthPrefixed(program, offset);
  if (goVersion === undefined) return undefined;
  const modules = lengthPrefixed(program, goVersion.offset + goVersion.length);
  return modules && { goVersion, modules };
}

/** A text behind its length as an unsigned varint. */
function lengthPrefixed(program: HeldBytes, offset: number): TextPlace | undefined {
  const prefix = program.read(offset, 5);
  let length = 0;
  for (const [index, byte] of prefix.entries()) {
    length += (byte & 0x7f) * 128 ** index;
    if (byte >= 0x80) continue;
    const start = offset + index + 1;
    if (length > textBytesMax || start + length > program.sizeBytes) return undefined;
    return { offset: start, length };
  }
  return undefined;
}

/** Before Go 1.18: pointers to two Go strings, each a pointer and a length, as addresses of the running program. */
function pointedTexts(
  program: HeldBytes,
  segments: readonly ProgramSegment[],
  header: Buffer,
): BuildTexts | undefined {
  const pointerBytes = header[14];
  if (pointerBytes !== 4 && pointerBytes !== 8) return undefined;
  const isLittle =
    (header[15] ?? 0) === 0 ? isLittleEndian(program) : ((header[15] ?? 0) & bigEndianFlag) === 0;
  const pointer = (bytes: Buffer, at: number): number => {
    if (pointerBytes === 8) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  };
  const placeOf = (address: number, length: number): TextPlace | undefined => {
    const segment = segments.find(
      (item) => address >= item.address && address + length <= item.address + item.sizeBytes,
    );
    if (segment === undefined || length > textBytesMax) return undefined;
    const offset = segment.offset + address - segment.address;
    return offset + length <= program.sizeBytes ? { offset, length } : undefined;
  };
  const textAt = (address: number): TextPlace | undefined => {
    const text = placeOf(address, 2 * pointerBytes);
    if (text === undefined) return undefined;
    const bytes = program.read(text.offset, text.length);
    return placeOf(pointer(bytes, 0), pointer(bytes, pointerBytes));
  };
  const goVersion = textAt(pointer(header, 16));
  return goVersion && { goVersion, modules: textAt(pointer(header, 16 + pointerBytes)) };
}

interface ModuleLine {
  readonly name: string;
  readonly version: string;
}

function foundIn({ goVersion, modules }: BuildInfo): readonly Found[] {
  const listed: ModuleLine[] = [];
  const settings = new Map<string, string>();
  for (const line of modules.split('\n')) {
    const [kind, name = '', version = ''] = line.split('\t');
    if (kind === 'mod' || kind === 'dep') listed.push({ name, version });
    // A module that was replaced by another, by the folder of which no version is known.
    else if (kind === '=>') listed.splice(-1, 1, { name, version });
    else if (kind === 'build')
      settings.set(name.slice(0, name.indexOf('=')), name.slice(name.indexOf('=') + 1));
  }
  const hasMain = /^mod\t/m.test(modules);
  const version = standardLibraryVersion(goVersion);
  // What Go itself consists of is of no module, and its advisories call it so.
  const isToolchain = !hasMain && /^path\tcmd\//m.test(modules);
  const [main, others] = hasMain ? [listed[0], listed.slice(1)] : [undefined, listed];
  return [
    languagePackage('go', { name: 'stdlib', version }),
    ...(isToolchain ? [languagePackage('go', { name: 'toolchain', version })] : []),
    ...(main === undefined
      ? []
      : [languagePackage('go', { name: main.name, version: mainVersion(main, settings) })]),
    ...others.map(({ name, version }) => languagePackage('go', { name, version: plainVersion(version) })),
  ];
}

/**
 * As Go's advisories write it: `go1.22.3 X:nocoverageredesign` → `1.22.3`, `go1.20` → `1.20.0`, `go1.21rc2` →
 * `1.21.0-rc.2`; a development version has none.
 */
function standardLibraryVersion(goVersion: string): string {
  const [, major, minor, patch = '0', stage, round] =
    /^go(\d+)\.(\d+)(?:\.(\d+))?(?:(rc|beta)(\d+))?/.exec(goVersion) ?? [];
  if (major === undefined || minor === undefined) return '';
  const released = `${major}.${minor}.${patch}`;
  return stage === undefined ? released : `${released}-${stage}.${round}`;
}

function plainVersion(version: string): string {
  return version === '(devel)' ? '' : version.replace(/^v/, '');
}

/** Built from a checkout, a program knows its own version only where its makers told the linker. */
function mainVersion(main: ModuleLine, settings: ReadonlyMap<string, string>): string {
  const stated = plainVersion(main.version);
  if (stated !== '') return stated;
  const told = /-X[= ]'?"?\S*\bversion=v?(\d+\.\d+\.\d+[\w.+-]*)/i.exec(settings.get('-ldflags') ?? '');
  return told?.[1] ?? '';
}
