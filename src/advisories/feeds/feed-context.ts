import type pg from 'pg';
import type { SourceReader } from './source-reader.ts';

export interface SyncProgress {
  readonly feed: string;
  readonly phase: 'check' | 'download' | 'read' | 'apply';
  /** Records read so far in this phase. */
  readonly records: number;
}

/** What the import of any feed works with. */
export interface FeedContext {
  /** A connection that nobody else uses meanwhile. */
  readonly client: pg.ClientBase;
  readonly reader: SourceReader;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Names of the feeds that this run is to bring up to date; absent: all. */
  readonly only: ReadonlySet<string> | undefined;
  /** When what the sources have of a feed was last known to equal its origin: now, unless they are a copy of that time. */
  readonly confirmedAt: (feed: string) => Date;
  /** The sources are such a copy: a feed that is held from a later instant is refused. */
  readonly isCopy: boolean;
  /** Of the bytes that the copy has of a feed; undefined: the feed is read whatever is held. */
  readonly digestOf: (feed: string) => string | undefined;
  /** Read everything again instead of what changed. */
  readonly full: boolean;
  /** Take over a version that is older or much smaller than the one held. */
  readonly force: boolean;
  readonly onProgress: (progress: SyncProgress) => void;
}
