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
  /** Read everything again instead of what changed. */
  readonly full: boolean;
  /** Take over a version that is older or much smaller than the one held. */
  readonly force: boolean;
  readonly onProgress: (progress: SyncProgress) => void;
}
