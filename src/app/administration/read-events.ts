import { type AuditEvent, listEvents } from '../../accounts/events.ts';
import type { Database } from '../../database/database.ts';
import { AdministrationError } from './administration-error.ts';

export type { AuditEvent };

/** The newest events that match, newest first. Throws `AdministrationError` for a namespace that does not exist. */
export async function readEvents(
  db: Database,
  filter: {
    readonly kind?: string;
    readonly actor?: string;
    readonly subject?: string;
    readonly namespace?: string;
    readonly since?: Date;
    readonly limit: number;
  },
): Promise<readonly AuditEvent[]> {
  const { namespace, ...rest } = filter;
  if (namespace === undefined) return (await listEvents(db, rest)).items;
  const row = await db.selectFrom('namespace').select('id').where('name', '=', namespace).executeTakeFirst();
  if (row !== undefined) return (await listEvents(db, { ...rest, namespaceId: row.id })).items;
  throw new AdministrationError(`Cannot find namespace "${namespace}": there is none of that name`);
}
