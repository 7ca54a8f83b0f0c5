import type { Database } from '../database/database.ts';

/** An entry of the audit log. */
export interface AuditEvent {
  readonly id: number;
  readonly at: Date;
  /** `pull.blocked`, `push.refused`, `policy.changed`, … */
  readonly kind: string;
  /** Absent: it concerns the whole installation, or its namespace is gone. */
  readonly namespaceId?: number;
  /** Account name, or `anonymous`. */
  readonly actor: string;
  /** Address and user agent. */
  readonly client?: string;
  /** What it happened to: `<repository>@<digest>`, a user, a rule, … */
  readonly subject: string;
  readonly details: unknown;
}

const textLengthMax = 4096;

/** Writes an event; inside a transaction it exists exactly when that commits. Texts are cut at 4,096 characters. */
export async function recordEvent(
  db: Database,
  event: {
    readonly kind: string;
    readonly namespaceId?: number;
    readonly actor: string;
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
      client: event.client === undefined ? null : storable(event.client),
      subject: storable(event.subject),
      details: JSON.stringify(event.details ?? {}).replaceAll('\\u0000', '\\ufffd'),
    })
    .execute();
}

/** Events newest first; `before` is the id of the last one seen. `total` counts all that match. */
export async function listEvents(
  db: Database,
  filter: {
    readonly namespaceId?: number;
    readonly kind?: string;
    readonly before?: number;
    readonly limit: number;
  },
): Promise<{ readonly items: readonly AuditEvent[]; readonly total: number }> {
  let matching = db.selectFrom('event');
  if (filter.namespaceId !== undefined) matching = matching.where('namespace_id', '=', filter.namespaceId);
  if (filter.kind !== undefined) matching = matching.where('kind', '=', filter.kind);
  const { total } = await matching
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const page = filter.before === undefined ? matching : matching.where('id', '<', filter.before);
  const rows = await page.selectAll().orderBy('id', 'desc').limit(filter.limit).execute();
  const items = rows.map((row) => ({
    id: row.id,
    at: row.at,
    kind: row.kind,
    ...(row.namespace_id === null ? {} : { namespaceId: row.namespace_id }),
    actor: row.actor,
    ...(row.client === null ? {} : { client: row.client }),
    subject: row.subject,
    details: row.details,
  }));
  return { items, total };
}

/** PostgreSQL text holds no NUL. */
function storable(text: string): string {
  return text.slice(0, textLengthMax).replaceAll('\0', '\ufffd');
}
