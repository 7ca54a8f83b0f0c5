import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';

/** One folder of the advisory mirror, or KEV or EPSS. */
export const Feed = component('Feed', {
  name: Type.String(),
  recordCount: Type.Integer(),
  newestRecordAt: Type.Union([Instant, Type.Null()]),
  lastSuccessAt: Type.Union([Instant, Type.Null()]),
  lastAttemptAt: Type.Union([Instant, Type.Null()]),
  lastError: Type.Union([Type.String(), Type.Null()]),
  stale: Type.Boolean(),
});
export type Feed = Static<typeof Feed>;

export const FeedList = closed({ items: Type.Array(Feed) });

export const AdvisoryParams = closed({ id: Type.String({ minLength: 1, maxLength: 200 }) });

/** An OSV record as the feed has it. */
export const AdvisoryRecord = Type.Record(Type.String(), Type.Unknown());
