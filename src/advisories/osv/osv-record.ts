import type {
  AffectedPackage,
  AffectedRange,
  RangeEvent,
  SeverityStatement,
} from '../../matching/advisory.ts';
import { readErratum } from './_errata.ts';
import { parseOsvEcosystem } from './osv-ecosystem.ts';
import { normalisePackageName } from './package-name.ts';

/** One package of one release that a record is about. */
export interface OsvAffected {
  /** OSV ecosystem without suffix. */
  readonly ecosystem: string;
  /** As `parseOsvEcosystem()` gives it. */
  readonly release: string;
  /** As `normalisePackageName()` gives it. */
  readonly name: string;
  readonly affected: AffectedPackage;
}

/** The parts of an OSV record (schema 1.7) that are stored apart from its JSON. */
export interface OsvRecord {
  readonly id: string;
  readonly modifiedAt: Date;
  readonly publishedAt?: Date;
  readonly withdrawnAt?: Date;
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
  readonly related: readonly string[];
  readonly summary: string;
  readonly details: string;
  readonly severity: readonly SeverityStatement[];
  readonly affected: readonly OsvAffected[];
  readonly references: readonly { readonly type: string; readonly url: string }[];
  readonly databaseSpecific: Readonly<Record<string, unknown>>;
}

export type OsvRecordResult =
  | { readonly kind: 'ok'; readonly record: OsvRecord }
  | { readonly kind: 'bad'; readonly reason: string };

/** Ids are also file names of a mirror, so nothing that could leave a folder is one. */
const idPattern = /^[A-Za-z0-9_][A-Za-z0-9._:+~-]{0,199}$/;

export function isRecordId(text: string): boolean {
  return idPattern.test(text);
}

/** For messages: a file's name is text of who serves it, unless it has the form of an id (threats.md B1). */
export function titleOfRecord(id: string): string {
  return isRecordId(id) ? `"${id}"` : 'one with another name than an id';
}

class BadRecord extends Error {}

/**
 * Reads one record. A record that is not what the schema says, or says something that would silently be lost (an
 * unknown kind of range), is `bad` with the reason: half a record must never look like a whole one.
 */
export function readOsvRecord(json: string): OsvRecordResult {
  try {
    const value: unknown = JSON.parse(json);
    if (!isObject(value)) return { kind: 'bad', reason: 'it is not a JSON object' };
    return { kind: 'ok', record: readErratum(recordOf(value)) };
  } catch (error) {
    if (error instanceof BadRecord) return { kind: 'bad', reason: error.message };
    if (error instanceof SyntaxError) return { kind: 'bad', reason: 'it is not valid JSON' };
    throw error;
  }
}

function recordOf(value: Readonly<Record<string, unknown>>): OsvRecord {
  const id = value['id'];
  if (typeof id !== 'string' || !isRecordId(id)) throw new BadRecord('"id" is missing or malformed');
  const modifiedAt = instantOf(value, 'modified');
  if (modifiedAt === undefined) throw new BadRecord('"modified" is missing');
  const publishedAt = instantOf(value, 'published');
  const withdrawnAt = instantOf(value, 'withdrawn');
  return {
    id,
    modifiedAt,
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...(withdrawnAt === undefined ? {} : { withdrawnAt }),
    aliases: stringsOf(value, 'aliases'),
    upstream: stringsOf(value, 'upstream'),
    related: stringsOf(value, 'related'),
    summary: textOf(value, 'summary'),
    details: textOf(value, 'details'),
    severity: severityOf(value),
    affected: objectsOf(value, 'affected').flatMap(affectedOf),
    references: objectsOf(value, 'references').map((one) => ({
      type: textOf(one, 'type'),
      url: textOf(one, 'url'),
    })),
    databaseSpecific: objectOf(value, 'database_specific'),
  };
}

/** An element without `package` is about source code only (GIT ranges): no installed package can match it. */
function affectedOf(value: Readonly<Record<string, unknown>>): readonly OsvAffected[] {
  if (value['package'] === undefined) return [];
  const named = objectOf(value, 'package');
  const suffixed = textOf(named, 'ecosystem');
  const name = textOf(named, 'name');
  if (suffixed === '' || name === '') throw new BadRecord('an affected package has no ecosystem or no name');
  const { ecosystem, release, product } = parseOsvEcosystem(suffixed);
  const versions = stringsOf(value, 'versions');
  const ranges = objectsOf(value, 'ranges').map(rangeOf);
  return [
    {
      ecosystem,
      release,
      name: normalisePackageName(ecosystem, name),
      affected: {
        ranges: comparableRanges(ranges, versions),
        versions,
        ...(product === undefined ? {} : { product }),
        ...statementsOf(value),
      },
    },
  ];
}

/** Commits of a GIT range say nothing about an installed version where versions are stated in another way. */
function comparableRanges(
  ranges: readonly AffectedRange[],
  versions: readonly string[],
): readonly AffectedRange[] {
  const comparable = ranges.filter((range) => range.type !== 'GIT');
  return comparable.length > 0 || versions.length > 0 ? comparable : ranges;
}

function rangeOf(value: Readonly<Record<string, unknown>>): AffectedRange {
  const type = value['type'];
  if (type !== 'ECOSYSTEM' && type !== 'SEMVER' && type !== 'GIT') {
    throw new BadRecord('a range has an unknown type');
  }
  return { type, events: objectsOf(value, 'events').map(eventOf) };
}

function eventOf(value: Readonly<Record<string, unknown>>): RangeEvent {
  const [first, second] = Object.entries(value);
  if (first === undefined || second !== undefined) {
    throw new BadRecord('a range event does not have exactly one field');
  }
  const [kind, version] = first;
  if (typeof version !== 'string') throw new BadRecord('a range event has a version that is not text');
  switch (kind) {
    case 'introduced':
    case 'fixed':
    case 'last_affected':
    case 'limit':
      return { [kind]: storable(version) };
    default:
      throw new BadRecord('a range event has an unknown kind');
  }
}

function severityOf(value: Readonly<Record<string, unknown>>): readonly SeverityStatement[] {
  return objectsOf(value, 'severity').map((one) => ({
    type: textOf(one, 'type'),
    score: textOf(one, 'score'),
  }));
}

/** What a record says of this package beside its versions: Debian's urgency, older records' priority of Ubuntu, Wolfi's status, Bitnami's vectors, RustSec's kind. */
function statementsOf(
  value: Readonly<Record<string, unknown>>,
): Pick<AffectedPackage, 'urgency' | 'severity' | 'informational' | 'fixState'> {
  const specific = objectOf(value, 'ecosystem_specific');
  const urgency = specific['urgency'] ?? specific['severity'] ?? specific['ubuntu_priority'];
  const { status, informational } = objectOf(value, 'database_specific');
  const severity = severityOf(value);
  const stated = {
    ...(typeof urgency === 'string' ? { urgency: storable(urgency) } : {}),
    ...(severity.length === 0 ? {} : { severity }),
    ...(typeof informational === 'string' ? { informational: storable(informational) } : {}),
  };
  if (urgency === 'end-of-life') return { ...stated, fixState: 'end-of-life' };
  return status === 'fix-not-planned' ? { ...stated, fixState: 'wont-fix' } : stated;
}

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** An RFC 3339 instant to the millisecond; undefined when it is not one. */
export function parseInstant(text: string): Date | undefined {
  if (!instantPattern.test(text)) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

function instantOf(value: Readonly<Record<string, unknown>>, field: string): Date | undefined {
  const text = value[field];
  if (text === undefined || text === null) return undefined;
  const at = typeof text === 'string' ? parseInstant(text) : undefined;
  if (at === undefined) throw new BadRecord(`"${field}" is not an RFC 3339 instant`);
  return at;
}

/** PostgreSQL text holds neither NUL nor half a surrogate pair. */
function textOf(value: Readonly<Record<string, unknown>>, field: string): string {
  const text = value[field];
  if (text === undefined || text === null) return '';
  if (typeof text !== 'string') throw new BadRecord(`"${field}" is not text`);
  return storable(text);
}

function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '').toWellFormed() : text.toWellFormed();
}

function stringsOf(value: Readonly<Record<string, unknown>>, field: string): readonly string[] {
  return listOf(value, field).map((one) => {
    if (typeof one !== 'string') throw new BadRecord(`"${field}" holds something that is not text`);
    return storable(one.trim());
  });
}

function objectsOf(
  value: Readonly<Record<string, unknown>>,
  field: string,
): readonly Readonly<Record<string, unknown>>[] {
  return listOf(value, field).map((one) => {
    if (!isObject(one)) throw new BadRecord(`"${field}" holds something that is not an object`);
    return one;
  });
}

function listOf(value: Readonly<Record<string, unknown>>, field: string): readonly unknown[] {
  const list = value[field];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new BadRecord(`"${field}" is not a list`);
  return list;
}

function objectOf(
  value: Readonly<Record<string, unknown>>,
  field: string,
): Readonly<Record<string, unknown>> {
  const object = value[field];
  if (object === undefined || object === null) return {};
  if (!isObject(object)) throw new BadRecord(`"${field}" is not an object`);
  return object;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
