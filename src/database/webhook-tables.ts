import type { ColumnType, Generated } from 'kysely';

// The tables of migrations 0018 and 0026.

export interface WebhookTable {
  id: Generated<number>;
  namespace_id: number | null;
  name: string;
  format: string;
  sealed_as: string | null;
  sealed: Buffer | null;
  origin: string | null;
  recipients: Generated<string[]>;
  kinds: string[];
  min_severity: string | null;
  fixable_only: Generated<boolean>;
  known_exploited_only: Generated<boolean>;
  enabled: Generated<boolean>;
  created_by: string;
  created_at: Generated<Date>;
}

export interface WebhookDeliveryTable {
  id: Generated<number>;
  webhook_id: number;
  event_id: number | null;
  kind: string;
  message: ColumnType<unknown, string, string>;
  dedupe_key: string | null;
  state: string;
  attempts: Generated<number>;
  created_at: Generated<Date>;
  next_attempt_at: Date | null;
  finished_at: Date | null;
  last_status: number | null;
  last_error: string | null;
  outstanding: string[] | null;
  refused: Generated<string[]>;
}

export interface MatchChangeTable {
  id: Generated<number>;
  package_id: number;
  vulnerability_id: string;
  change: string;
  /** What it came to be rated; null: noted by an older version. */
  severity: ColumnType<string | null, string | null | undefined, string | null>;
  source_severities: ColumnType<number | null, number | null | undefined, number | null>;
  previous_severity: string | null;
  previous_source_severities: ColumnType<number | null, number | null | undefined, number | null>;
  at: Generated<Date>;
  untold: Generated<boolean>;
}
