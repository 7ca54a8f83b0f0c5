import { type AuditEvent, listEvents } from '../../accounts/events.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { Event } from '../contract/event.ts';
import { decodeCursor } from '../cursor.ts';
import { limitOf, pageFromRows } from '../page-of.ts';

export function eventHandlers({ db }: ApiDependencies): HandlersOf<'listEvents'> {
  return {
    listEvents: async ({ namespace, query }) => {
      const limit = limitOf(query);
      const before = decodeCursor(query.cursor, 'events', ['number'])?.[0];
      const { items, total } = await listEvents(db, {
        namespaceId: namespace.id,
        ...(query.kind === undefined ? {} : { kind: query.kind }),
        ...(before === undefined ? {} : { before: Number(before) }),
        limit: limit + 1,
      });
      return pageFromRows({
        list: 'events',
        rows: items,
        limit,
        total,
        keyOf: ({ id }) => [id],
        show: showEvent,
      });
    },
  };
}

function showEvent({ id, at, kind, actor, client, subject, details }: AuditEvent): Event {
  const known = typeof details === 'object' && details !== null ? { ...details } : {};
  return { id, at: at.toISOString(), kind, actor, client: client ?? null, subject, details: known };
}
