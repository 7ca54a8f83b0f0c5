import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';
import { pageQuery } from './page.ts';

/** A line of the audit log. `namespace` is null where it concerns the registry, or the namespace is gone. */
export const Event = component('Event', {
  id: Type.Integer(),
  at: Instant,
  kind: Type.String({ examples: ['pull.blocked', 'policy.changed'] }),
  namespace: Type.Union([Type.String(), Type.Null()]),
  actor: Type.String(),
  client: Type.Union([Type.String(), Type.Null()]),
  subject: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
});
export type Event = Static<typeof Event>;

/** `kind` whole or its beginning up to the dot; `subject` a part of it; `since` counts, `until` does not. */
export const EventQuery = closed({
  ...pageQuery,
  kind: Type.Optional(Type.String({ maxLength: 100 })),
  actor: Type.Optional(Type.String({ maxLength: 255 })),
  subject: Type.Optional(Type.String({ maxLength: 255 })),
  since: Type.Optional(Instant),
  until: Type.Optional(Instant),
});
export type EventQuery = Static<typeof EventQuery>;
