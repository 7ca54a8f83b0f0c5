import type { ColumnType, Generated } from 'kysely';

export interface FeedTable {
  name: string;
  record_count: Generated<number>;
  newest_record_at: Date | null;
  version: Generated<number>;
  last_attempt_at: Date | null;
  last_success_at: Date | null;
  last_error: string | null;
  source: string | null;
  skipped_count: Generated<number>;
  reader_version: Generated<number>;
  validators: ColumnType<unknown, string | undefined, string>;
  failures: Generated<number>;
  is_unreachable: Generated<boolean>;
  matched_version: Generated<number>;
}

export interface FeedUpdateTable {
  id: Generated<number>;
  feed: string;
  outcome: string;
  source: string | null;
  began_at: Date;
  ended_at: Date;
  attempts: Generated<number>;
  error: string | null;
  version_before: number;
  version_after: number;
  records_before: number;
  records_after: number;
  records_added: Generated<number>;
  records_changed: Generated<number>;
  records_withdrawn: Generated<number>;
  records_vanished: Generated<number>;
  matched_at: Date | null;
  packages_matched: Generated<number>;
  findings_added: Generated<number>;
  findings_removed: Generated<number>;
  images_touched: Generated<number>;
}

export interface FeedSyncTable {
  is_only: Generated<boolean>;
  ended_count: number;
}

export interface ReleaseCoverageTable {
  ecosystem: string;
  release: string;
  record_count: number;
  data_end_at: Date;
}
