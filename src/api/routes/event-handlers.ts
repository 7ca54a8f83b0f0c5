import { type AuditEvent, listEvents } from '../../accounts/events.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { Event, EventQuery } from '../contract/event.ts';
import { decodeCursor } from '../cursor.ts';
import { limitOf, pageFromRows } from '../page-of.ts';

export function eventHandlers(dependencies: ApiDependencies): HandlersOf<'listEvents' | 'listAllEvents'> {
  const { db } = dependencies;
  const pageOfEvents = async (query: EventQuery, namespaceId?: number) => {
    const { kind, actor, subject, since, until } = query;
    const limit = limitOf(query);
    const before = decodeCursor(query.cursor, 'events', ['number'])?.[0];
    const { items, total, isMore } = await listEvents(db, {
      namespaceId,
      kind,
      actor,
      subject,
      since: since === undefined ? undefined : new Date(since),
      until: until === undefined ? undefined : new Date(until),
      ...(before === undefined ? {} : { before: Number(before) }),
      limit: limit + 1,
    });
    const page = pageFromRows({
      list: 'events',
      rows: items,
      limit,
      total,
      keyOf: ({ id }) => [id],
      show: showEvent,
    });
    return { ...page, ...(isMore ? { totalIsEstimate: true, totalIsMinimum: true } : {}) };
  };
  return {
    listEvents: async ({ namespace, query }) => await pageOfEvents(query, namespace.id),
    listAllEvents: async ({ query }) => await pageOfEvents(query),
  };
}

function showEvent({ id, at, kind, namespace, actor, client, subject, details }: AuditEvent): Event {
  const known = typeof details === 'object' && details !== null ? { ...details } : {};
  return {
    id,
    at: at.toISOString(),
    kind,
    namespace: namespace ?? null,
    actor,
    client: client ?? null,
    subject,
    details: known,
  };
}
