import { ArchiveError } from './archive-error.ts';
import { decodeName } from './tar-path.ts';

/** What a PAX header says of the member behind it, as far as it decides which files a reader sees. */
export interface PaxRecords {
  readonly path?: string;
  readonly linkPath?: string;
  readonly sizeBytes?: number;
  readonly modifiedAtMs?: number;
  /** What GNU tar notes of a file with holes; absent for any other. */
  readonly sparse?: PaxSparse;
}

/** GNU tar manual, "PAX Format, Versions 0.0 and 0.1" and "1.0". */
export interface PaxSparse {
  /** `<major>.<minor>`; empty where neither is told. */
  readonly version: string;
  readonly size: string | undefined;
  readonly realSize: string | undefined;
  readonly map: string | undefined;
}

/** POSIX.1-2017 pax, "pax Extended Header": records `<length> <key>=<value>\n`. Throws `ArchiveError`. */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const values = new Map<string, { start: number; end: number }>();
  for (let position = 0; position < bytes.length; ) {
    const record = readRecord(bytes, position);
    if (values.has(record.key)) throw ambiguous(`PAX key "${record.key}" must not occur twice in one header`);
    values.set(record.key, { start: record.valueStart, end: record.end - 1 });
    position = record.end;
  }
  const text = (key: string): string | undefined => {
    const range = values.get(key);
    if (range === undefined) return undefined;
    if (range.start === range.end) throw ambiguous(`PAX key "${key}" must have a value`);
    return decodeName(bytes, range.start, range.end);
  };
  const isSparse = [...values.keys()].some((key) => key.startsWith('GNU.sparse.'));
  const sparseName = text('GNU.sparse.name');
  const path = sparseName ?? text('path');
  const linkPath = text('linkpath');
  const sizeBytes = decimal(text('size'));
  const modifiedAtMs = Number(text('mtime') ?? Number.NaN) * 1000;
  return {
    ...(isSparse && { sparse: sparseRecords(text) }),
    ...(path !== undefined && { path }),
    ...(linkPath !== undefined && { linkPath }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(Number.isFinite(modifiedAtMs) && { modifiedAtMs }),
  };
}

function sparseRecords(text: (key: string) => string | undefined): PaxSparse {
  const [major, minor] = [text('GNU.sparse.major'), text('GNU.sparse.minor')];
  return {
    version: major === undefined && minor === undefined ? '' : `${major}.${minor}`,
    size: text('GNU.sparse.size'),
    realSize: text('GNU.sparse.realsize'),
    map: text('GNU.sparse.map'),
  };
}

function readRecord(bytes: Buffer, start: number): { key: string; valueStart: number; end: number } {
  const space = bytes.indexOf(0x20, start);
  const digits = space < 0 || space - start > 8 ? '' : bytes.toString('latin1', start, space);
  if (!/^[1-9][0-9]*$/.test(digits)) throw ambiguous('a PAX record must start with its length');
  const end = start + Number(digits);
  const equals = bytes.indexOf(0x3d, space + 1);
  if (end > bytes.length || equals < 0 || equals >= end || equals === space + 1 || bytes[end - 1] !== 0x0a) {
    throw ambiguous('a PAX record must be "<length> <key>=<value>" and a line end');
  }
  return { key: decodeName(bytes, space + 1, equals), valueStart: equals + 1, end };
}

function decimal(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw ambiguous(`PAX size must be a plain number, got "${text}"`);
  return value;
}

function ambiguous(rule: string): ArchiveError {
  return new ArchiveError('ambiguous', `Cannot read the archive: ${rule}`);
}
