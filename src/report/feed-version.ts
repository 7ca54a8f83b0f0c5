/** Which version of a feed findings are of. */
export interface FeedVersion {
  readonly feed: string;
  readonly version: number;
  /** A newer one is held, and packages are being matched with it; absent: there is none. */
  readonly nextVersion?: number;
  /** Newest change of a record; absent: unknown of this version. */
  readonly newestRecordAt?: Date;
  /** When it was last known to equal its origin; absent: the feed was never read. */
  readonly confirmedAt?: Date;
}
