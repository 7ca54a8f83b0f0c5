import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';

/** One folder of the advisory mirror, or KEV or EPSS. */
export const Feed = component('Feed', {
  name: Type.String(),
  recordCount: Type.Integer(),
  skippedCount: Type.Integer({ description: 'Records of the last good version that could not be read' }),
  version: Type.Integer({ description: 'Grows with every update that changes something' }),
  source: Type.Union([Type.String(), Type.Null()], {
    description: 'Address that the held version came from',
  }),
  newestRecordAt: Type.Union([Instant, Type.Null()]),
  lastSuccessAt: Type.Union([Instant, Type.Null()], {
    description: 'When the held version was last known to be what its source has',
  }),
  ageSeconds: Type.Union([Type.Integer(), Type.Null()], { description: 'Since then; null: never read' }),
  lastAttemptAt: Type.Union([Instant, Type.Null()]),
  lastError: Type.Union([Type.String(), Type.Null()], { description: 'Null: the last attempt succeeded' }),
  failures: Type.Integer({ description: 'Attempts that failed since the last good one' }),
  stale: Type.Boolean({
    description: 'Never read, not confirmed for five days, or of long ago itself: EPSS five days, KEV thirty',
  }),
});
export type Feed = Static<typeof Feed>;

/** A signed file or artifact that advisories were taken over from. */
export const AdvisoryBundle = component('AdvisoryBundle', {
  version: Type.Integer({ description: 'Grows with every bundle; an older one is refused' }),
  createdAt: Instant,
  acceptedAt: Instant,
  importedAt: Type.Union([Instant, Type.Null()], {
    description: 'null: its import was ended half-way, or a feed of it was refused',
  }),
  signedBy: Type.Union([Type.String(), Type.Null()], {
    description: 'Id of the key whose signature counted; null: accepted without one',
  }),
  source: Type.String({ description: 'File or address that it was read from' }),
});
export type AdvisoryBundle = Static<typeof AdvisoryBundle>;

export const FeedList = closed({
  items: Type.Array(Feed),
  origin: Type.Enum(['mirrors', 'bundle', 'by-hand'], {
    description:
      'Whom this installation asks: mirrors, the bundle that it follows, or nobody, as bundles are imported by hand',
  }),
  bundle: Type.Union([AdvisoryBundle, Type.Null()], { description: 'The last one that was accepted' }),
});

/** What one update of a feed did, or why it did nothing. */
export const FeedUpdate = component('FeedUpdate', {
  feed: Type.String(),
  outcome: Type.Enum(['applied', 'refused', 'unreachable'], {
    description:
      'refused: what the source has must not replace what is held; unreachable: no source answered. Either way everything stays',
  }),
  source: Type.Union([Type.String(), Type.Null()]),
  beganAt: Instant,
  endedAt: Type.String({ format: 'date-time', description: 'Of the last of `attempts`' }),
  attempts: Type.Integer({ description: 'How often in a row it failed with the same error' }),
  error: Type.Union([Type.String(), Type.Null()]),
  versionBefore: Type.Integer(),
  versionAfter: Type.Integer(),
  recordsBefore: Type.Integer(),
  recordsAfter: Type.Integer(),
  added: Type.Integer(),
  changed: Type.Integer({ description: 'Without those withdrawn' }),
  withdrawn: Type.Integer(),
  vanished: Type.Integer({ description: 'Records that the feed no longer has' }),
  effects: Type.Union(
    [
      closed({
        packagesMatched: Type.Integer(),
        findingsAdded: Type.Integer({ description: 'Pairs of distinct package and vulnerability' }),
        findingsRemoved: Type.Integer(),
        imagesTouched: Type.Integer({ description: 'Images that hold a package whose findings changed' }),
      }),
      Type.Null(),
    ],
    { description: 'Of matching again what it names; null: not done, or nothing was applied' },
  ),
});
export type FeedUpdate = Static<typeof FeedUpdate>;

export const FeedUpdateQuery = closed({
  feed: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Of this feed only' })),
});

export const FeedUpdateList = closed({ items: Type.Array(FeedUpdate) });

export const AdvisoryParams = closed({ id: Type.String({ minLength: 1, maxLength: 200 }) });

/** An OSV record as the feed has it. */
export const AdvisoryRecord = Type.Record(Type.String(), Type.Unknown());
