import type { ColumnType, Generated, Selectable } from 'kysely';
import type { AdvisoryBundleTable } from './bundle-tables.ts';
import type { FeedSyncTable, FeedTable, FeedUpdateTable, ReleaseCoverageTable } from './feed-tables.ts';
import type { MatchChangeTable, WebhookDeliveryTable, WebhookTable } from './webhook-tables.ts';

/** A JSON column: read parsed, written as JSON text so that `pg` does not mistake an array for a PostgreSQL array. */
export type Json = ColumnType<unknown, string, string>;

export interface AccountTable {
  id: Generated<number>;
  name: string;
  kind: string;
  is_admin: Generated<boolean>;
  password_hash: string | null;
  disabled_at: Date | null;
  created_at: Generated<Date>;
  namespace_id: number | null;
  description: Generated<string>;
  created_by: string | null;
  everywhere_role: string | null;
}

export interface AccessSecretTable {
  id: Generated<number>;
  account_id: number;
  name: string;
  scope: string;
  secret_hash: Buffer;
  created_at: Generated<Date>;
  expires_at: Date | null;
  last_used_at: Date | null;
  warned_at: Date | null;
}

export interface SessionTable {
  token_hash: Buffer;
  account_id: number;
  csrf_token: string;
  created_at: Generated<Date>;
  expires_at: Date;
  id: Generated<number>;
  client: string | null;
  last_used_at: Date | null;
}

export interface LoginAttemptTable {
  key: string;
  tries: number;
  window_ends_at: Date;
}

export interface SealedSecretTable {
  name: string;
  sealed: Buffer;
  created_at: Generated<Date>;
}

export interface NamespaceTable {
  id: Generated<number>;
  name: string;
  is_public: Generated<boolean>;
  auto_scan: Generated<boolean>;
  policy: ColumnType<unknown, string | undefined, string>;
  created_at: Generated<Date>;
  quota_bytes: number | null;
  severity_order: ColumnType<string | null, string | null | undefined, string | null>;
  listed_severity_order: ColumnType<string | null, string | null | undefined, string | null>;
}

export interface NamespaceMemberTable {
  namespace_id: number;
  account_id: number;
  role: string;
}

export interface ExemptionTable {
  id: Generated<number>;
  namespace_id: number;
  vulnerability_id: string;
  repository_pattern: string | null;
  manifest_digest: string | null;
  package_name: string | null;
  path_pattern: string | null;
  reason: string;
  created_by: string;
  created_at: Generated<Date>;
  expires_at: Date | null;
}

export interface ImmutabilityRuleTable {
  id: Generated<number>;
  namespace_id: number;
  template: string;
  repository_pattern: string;
  repository_match: string;
  tag_pattern: string;
  tag_match: string;
  allow_delete: Generated<boolean>;
  enabled: Generated<boolean>;
  created_by: string;
  created_at: Generated<Date>;
}

export interface RepositoryTable {
  id: Generated<number>;
  namespace_id: number;
  name: string;
  created_at: Generated<Date>;
}

export interface BlobTable {
  digest: string;
  digest_sha512: string | null;
  size_bytes: number;
  storage_key: string;
  state: Generated<string>;
  created_at: Generated<Date>;
  scrubbed_at: Generated<Date>;
  damaged_at: Date | null;
}

export interface RepositoryBlobTable {
  repository_id: number;
  digest: string;
  linked_at: Generated<Date>;
}

export interface BlobPinTable {
  digest: string;
  repository_id: number;
  expires_at: Date;
  claims: Generated<number>;
  released_at: Date | null;
}

export interface ManifestTable {
  digest: string;
  digest_sha512: string | null;
  media_type: string;
  kind: string;
  artifact_type: string | null;
  config_digest: string | null;
  subject_digest: string | null;
  annotations: ColumnType<unknown, string | null | undefined, string | null>;
  size_bytes: number;
  image_size_bytes: number;
  content: Buffer;
  created_at: Generated<Date>;
}

export interface ManifestBlobTable {
  manifest_digest: string;
  position: number;
  blob_digest: string;
  media_type: string;
  size_bytes: number;
}

export interface ManifestChildTable {
  parent_digest: string;
  position: number;
  child_digest: string;
  media_type: string;
  platform: ColumnType<unknown, string | null | undefined, string | null>;
  annotations: ColumnType<unknown, string | null | undefined, string | null>;
}

export interface RepositoryManifestTable {
  id: Generated<number>;
  repository_id: number;
  manifest_digest: string;
  pushed_by: string;
  pushed_at: Generated<Date>;
  pulled_at: Date | null;
}

export interface TagTable {
  repository_id: number;
  name: string;
  manifest_digest: string;
  digest_algorithm: Generated<'sha256' | 'sha512'>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface UploadTable {
  id: string;
  repository_id: number;
  account_id: number | null;
  offset_bytes: Generated<number>;
  reserved_bytes: Generated<number>;
  lease: string | null;
  leased_until: Date | null;
  lease_holder: number | null;
  created_at: Generated<Date>;
  touched_at: Generated<Date>;
}

export interface NamespaceContentTable {
  namespace_id: number;
  digest: string;
  kind: 'blob' | 'manifest';
  size_bytes: number;
  link_count: number;
}

export interface NamespaceUsageTable {
  namespace_id: number;
  size_bytes: Generated<number>;
  refusal_noted_at: Date | null;
}

export interface NamespaceUsageDeltaTable {
  id: Generated<number>;
  namespace_id: number;
  size_bytes: number;
  cause: 'blob' | 'manifest' | 'upload';
  subject: string;
  at: Generated<Date>;
}

export interface EventTable {
  id: Generated<number>;
  at: Generated<Date>;
  kind: string;
  namespace_id: number | null;
  actor: string;
  client: string | null;
  subject: string;
  details: ColumnType<unknown, string | undefined, string>;
}

export interface AdvisoryTable {
  id: string;
  modified_at: Date;
  published_at: Date | null;
  withdrawn_at: Date | null;
  vulnerabilities: string[];
  aliases: string[];
  ratings: Json;
  summary: string;
  content_hash: Buffer;
  record: Buffer;
}

export interface FeedAdvisoryTable {
  feed: string;
  advisory_id: string;
}

export interface AdvisoryPackageTable {
  advisory_id: string;
  position: number;
  ecosystem: string;
  release: string;
  name: string;
  affected: Json;
}

export interface PendingChangeTable {
  kind: string;
  ecosystem: string;
  name: string;
}

export interface CveTable {
  id: string;
  modified_at: Date;
  ratings: Json;
  cwes: string[];
  details: string;
  published_at: Date | null;
}

export interface KnownExploitedTable {
  cve: string;
  added_on: string;
  due_on: string | null;
  ransomware: boolean;
  details: Json;
  followed_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

export interface EpssTable {
  cve: string;
  probability: number;
  percentile: number;
}

export interface PackageTable {
  id: Generated<number>;
  ecosystem: string;
  release: string;
  name: string;
  version: string;
  source_name: string;
  source_version: string;
  module: string;
  matched_at: Date | null;
  matching_version: Generated<number>;
}

export interface MatchDetailTable {
  id: Generated<number>;
  vulnerability_id: string;
  advisory_id: string;
  status: string;
  aliases: string[];
  severity: string;
  source_severities: ColumnType<number | null, number | null | undefined, number | null>;
  fixed_version: string | null;
  fix_state: string;
}

export interface StoredMatchTable {
  package_id: number;
  detail_id: number;
  first_seen_at: Generated<Date>;
  resolved_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

/** A view: matches with what they say. */
type PackageMatchView = {
  readonly [Column in Exclude<keyof MatchDetailTable, 'id'> | keyof StoredMatchTable]: Selectable<
    MatchDetailTable & StoredMatchTable
  >[Column];
};

export interface PackageCountTable {
  package_id: number;
  critical: number;
  high: number;
  medium: number;
  low: number;
  negligible: number;
  unknown: number;
  fixable: number;
  known_exploited: number;
  undetermined: number;
}

export interface LayerInspectionTable {
  blob_digest: string;
  inspector_version: number;
  diff_id: string | null;
  report: Buffer;
  problem: ColumnType<unknown, string | null | undefined, string | null>;
  inspected_at: Generated<Date>;
}

export interface LayerMalwareTable {
  blob_digest: string;
  cache_key: string;
  result: Buffer;
  inspected_at: Generated<Date>;
}

export interface ImageReportTable {
  manifest_digest: string;
  inspector_version: number;
  outcome: string;
  problem: ColumnType<unknown, string | null | undefined, string | null>;
  distribution: ColumnType<unknown, string | null | undefined, string | null>;
  ecosystems: string[];
  doubts: Json;
  package_set: Buffer;
  places: Buffer;
  newest_file_at: Date | null;
  inspected_at: Date;
  first_judged_at: Date;
  secrets_outcome: string | null;
  secrets_problem: ColumnType<unknown, string | null | undefined, string | null>;
  secret_facts: ColumnType<unknown, string | null | undefined, string | null>;
  secrets: Buffer | null;
  malware_outcome: string | null;
  malware_problem: ColumnType<unknown, string | null | undefined, string | null>;
  malware_facts: ColumnType<unknown, string | null | undefined, string | null>;
  malware: Buffer | null;
  malware_key: string | null;
  malware_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  malware_due_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

export interface ImagePackagesTable {
  manifest_digest: string;
  package_ids: number[];
}

export interface ImageSummaryTable {
  manifest_digest: string;
  revision: Generated<number>;
  highest: string | null;
  critical: Generated<number>;
  high: Generated<number>;
  medium: Generated<number>;
  low: Generated<number>;
  negligible: Generated<number>;
  unknown: Generated<number>;
  fixable: Generated<number>;
  known_exploited: Generated<number>;
  undetermined: Generated<boolean>;
  doubts: ColumnType<unknown, string | undefined, string>;
  judged_at: Generated<Date>;
  secrets_outcome: string | null;
  secrets_critical: Generated<number>;
  secrets_high: Generated<number>;
  secrets_medium: Generated<number>;
  secrets_low: Generated<number>;
  malware_outcome: string | null;
  malware_count: Generated<number>;
}

export interface ImageSeverityTable {
  manifest_digest: string;
  severity_order: string;
  highest: string | null;
  critical: number;
  high: number;
  medium: number;
  low: number;
  negligible: number;
  unknown: number;
}

export interface ImageScanTable {
  manifest_digest: string;
  category: string;
  state: string;
  problem: ColumnType<unknown, string | null | undefined, string | null>;
  layers_done: Generated<number>;
  layers_total: Generated<number>;
  layers_read: Generated<number>;
  cancel_requested: Generated<boolean>;
  queued_at: Date | null;
  started_at: Date | null;
  touched_at: Date | null;
  finished_at: Date | null;
  place: Generated<number>;
  place_namespace_id: number | null;
  place_reason: string | null;
}

/** The whole schema, table by table, as the migrations leave it. */
export interface Tables {
  account: AccountTable;
  session: SessionTable;
  access_secret: AccessSecretTable;
  login_attempt: LoginAttemptTable;
  sealed_secret: SealedSecretTable;
  namespace: NamespaceTable;
  namespace_member: NamespaceMemberTable;
  /** A view: a member, or a robot with a permission in every namespace. */
  namespace_standing: NamespaceMemberTable;
  exemption: ExemptionTable;
  immutability_rule: ImmutabilityRuleTable;
  repository: RepositoryTable;
  blob: BlobTable;
  repository_blob: RepositoryBlobTable;
  blob_pin: BlobPinTable;
  manifest: ManifestTable;
  manifest_blob: ManifestBlobTable;
  manifest_child: ManifestChildTable;
  repository_manifest: RepositoryManifestTable;
  tag: TagTable;
  upload: UploadTable;
  namespace_content: NamespaceContentTable;
  namespace_usage: NamespaceUsageTable;
  namespace_usage_delta: NamespaceUsageDeltaTable;
  event: EventTable;
  feed: FeedTable;
  feed_update: FeedUpdateTable;
  feed_sync: FeedSyncTable;
  advisory: AdvisoryTable;
  advisory_bundle: AdvisoryBundleTable;
  feed_advisory: FeedAdvisoryTable;
  advisory_package: AdvisoryPackageTable;
  release_coverage: ReleaseCoverageTable;
  pending_change: PendingChangeTable;
  cve: CveTable;
  known_exploited: KnownExploitedTable;
  epss: EpssTable;
  package: PackageTable;
  match_detail: MatchDetailTable;
  stored_match: StoredMatchTable;
  package_match: PackageMatchView;
  changed_package: { package_id: number };
  package_count: PackageCountTable;
  doubts_pass: { is_only: Generated<boolean>; knowledge: string; ended_at: Date };
  layer_inspection: LayerInspectionTable;
  layer_malware: LayerMalwareTable;
  image_report: ImageReportTable;
  image_packages: ImagePackagesTable;
  image_summary: ImageSummaryTable;
  image_severity: ImageSeverityTable;
  image_scan: ImageScanTable;
  webhook: WebhookTable;
  webhook_delivery: WebhookDeliveryTable;
  match_change: MatchChangeTable;
}
