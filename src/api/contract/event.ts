import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';
import { pageQuery } from './page.ts';

/** A line of the audit log. */
export const Event = component('Event', {
  id: Type.Integer(),
  at: Instant,
  kind: Type.String({ examples: ['pull.blocked', 'policy.changed'] }),
  actor: Type.String(),
  client: Type.Union([Type.String(), Type.Null()]),
  subject: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
});
export type Event = Static<typeof Event>;

export const EventQuery = closed({ ...pageQuery, kind: Type.Optional(Type.String({ maxLength: 100 })) });
