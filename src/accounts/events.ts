import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** An entry of the audit log. */
export interface AuditEvent {
  readonly id: number;
  readonly at: Date;
  /** `pull.blocked`, `push.refused`, `policy.changed`, … */
  readonly kind: string;
  /** Its name now; absent: it concerns the whole installation, or its namespace is gone. */
  readonly namespace?: string;
  /** Account name, or `anonymous`. */
  readonly actor: string;
  /** Address and user agent. */
  readonly client?: string;
  /** What it happened to: `<repository>@<digest>`, a user, a rule, … */
  readonly subject: string;
  readonly details: unknown;
}

const textBytesMax = 4096;
/** Control characters, line separators and what turns the direction of text: a line of a log or a terminal must stay one. */
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Writes an event; inside a transaction it exists exactly when that commits. Texts and details are cut at 4 KiB. */
export async function recordEvent(
  db: Database,
  event: {
    readonly kind: string;
    readonly namespaceId?: number;
    readonly actor: string;
    /** Empty: none. */
    readonly client?: string;
    readonly subject: string;
    readonly details?: unknown;
  },
): Promise<void> {
  await db
    .insertInto('event')
    .values({
      kind: event.kind,
      namespace_id: event.namespaceId ?? null,
      actor: storable(event.actor),
      client: event.client ? storable(event.client) : null,
      subject: storable(event.subject),
      details: storableDetails(event.details ?? {}),
    })
    .execute();
}

export interface EventFilter {
  readonly namespaceId?: number | undefined;
  /** Whole, or its beginning up to the dot: `login` for `login.refused`. */
  readonly kind?: string | undefined;
  readonly actor?: string | undefined;
  /** A part of what it happened to. */
  readonly subject?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** An audit log grows for ever: of those that match, so many are counted. */
const countedMax = 10_000;

/** Events newest first; `before` is the id of the last one seen. `total` counts those that match, up to 10,000. */
export async function listEvents(
  db: Database,
  filter: EventFilter & { readonly before?: number; readonly limit: number },
): Promise<{
  readonly items: readonly AuditEvent[];
  readonly total: number;
  /** There are more than were counted. */
  readonly isMore: boolean;
}> {
  let matching = db.selectFrom('event');
  if (filter.namespaceId !== undefined) matching = matching.where('namespace_id', '=', filter.namespaceId);
  if (filter.kind !== undefined) {
    const { kind } = filter;
    matching = matching.where((eb) =>
      eb.or([eb('kind', '=', kind), sql<boolean>`starts_with(kind, ${`${kind}.`})`]),
    );
  }
  if (filter.actor !== undefined) matching = matching.where('actor', '=', filter.actor);
  if (filter.subject !== undefined) {
    matching = matching.where(sql<boolean>`strpos(subject, ${filter.subject}) > 0`);
  }
  if (filter.since !== undefined) matching = matching.where('at', '>=', filter.since);
  if (filter.until !== undefined) matching = matching.where('at', '<', filter.until);
  const { counted } = await db
    .selectFrom(
      matching
        .select('event.id')
        .limit(countedMax + 1)
        .as('counted'),
    )
    .select((eb) => eb.fn.countAll<number>().as('counted'))
    .executeTakeFirstOrThrow();
  const page = filter.before === undefined ? matching : matching.where('event.id', '<', filter.before);
  const rows = await page
    .leftJoin('namespace', 'namespace.id', 'event.namespace_id')
    .selectAll('event')
    .select('namespace.name as namespace')
    .orderBy('event.id', 'desc')
    .limit(filter.limit)
    .execute();
  const items = rows.map((row) => ({
    id: row.id,
    at: row.at,
    kind: row.kind,
    ...(row.namespace === null ? {} : { namespace: row.namespace }),
    actor: row.actor,
    ...(row.client === null ? {} : { client: row.client }),
    subject: row.subject,
    details: row.details,
  }));
  return { items, total: Math.min(counted, countedMax), isMore: counted > countedMax };
}

/** At most 4 KiB of what can be printed: what cannot is written as its code (threats.md E5). */
function storable(text: string): string {
  const printable = text
    .slice(0, textBytesMax)
    .toWellFormed()
    .replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return cutToBytes(printable, textBytesMax);
}

/** As JSON; of what is too long, the beginning. PostgreSQL holds no NUL and no half of a pair. */
function storableDetails(details: unknown): string {
  const wellFormed = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
  const json = JSON.stringify(details, wellFormed);
  if (Buffer.byteLength(json) <= textBytesMax) return json;
  // Half, since quotes are escaped again.
  return JSON.stringify({ isCut: true, beginning: cutToBytes(json, textBytesMax / 2 - 50) });
}

function cutToBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  return bytes
    .subarray(0, bytesMax)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}
