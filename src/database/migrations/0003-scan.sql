-- Interned packages: one row per distinct package (report/package.ts).
create table package (
  id int generated always as identity primary key,
  ecosystem text not null,
  release text not null,
  name text not null,
  version text not null,
  source_name text not null,
  source_version text not null,
  module text not null,
  matched_at timestamptz,                   -- null: not yet matched against the advisories
  unique (ecosystem, release, name, version, source_name, source_version, module)
);
create index package_source on package (ecosystem, source_name);

-- package × advisory; what does not affect is not stored. Rows end (`resolved_at`) instead of being deleted.
create table package_match (
  package_id int not null references package on delete cascade,
  vulnerability_id text not null,
  advisory_id text not null,
  status text not null check (status in ('affected', 'undetermined')),
  aliases text[] not null,
  severity text not null,
  fixed_version text,
  fix_state text not null,
  first_seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (package_id, vulnerability_id)
);
create index package_match_vulnerability on package_match (vulnerability_id);

-- A layer is inspected once per inspector version.
create table layer_inspection (
  blob_digest text not null,
  inspector_version int not null,
  diff_id text,                             -- of the inflated bytes; null when it could not be read to its end
  report bytea not null,                    -- deflated JSON of image/layer-report.ts
  problem jsonb,                            -- why it is incomplete
  inspected_at timestamptz not null default now(),
  primary key (blob_digest, inspector_version)
);

-- The last good result of an image: written whole, never while a scan runs.
create table image_report (
  manifest_digest text primary key references manifest (digest) on delete cascade,
  inspector_version int not null,
  outcome text not null check (outcome in ('scanned', 'incomplete', 'unsupported')),
  problem jsonb,                            -- ScanProblem: why it is incomplete or unsupported
  distribution jsonb,
  ecosystems text[] not null,               -- of the judged packages
  doubts jsonb not null,                    -- Doubt[] that lie in the image itself
  package_ids bytea not null,               -- sorted little-endian uint32: the packages that are judged
  places bytea not null,                    -- deflated JSON: PlacedPackage[] with package ids
  newest_file_at timestamptz,               -- newest build or change time seen, to tell old advisory data
  inspected_at timestamptz not null,
  first_judged_at timestamptz not null
);

-- Rewritten by every judgement that changes it.
create table image_summary (
  manifest_digest text primary key references manifest (digest) on delete cascade,
  revision bigint not null default 1,
  highest text,                             -- highest severity, null when there is no finding
  critical int not null default 0,
  high int not null default 0,
  medium int not null default 0,
  low int not null default 0,
  negligible int not null default 0,
  unknown int not null default 0,
  fixable int not null default 0,
  known_exploited int not null default 0,
  undetermined boolean not null default false,
  doubts jsonb not null default '[]',       -- Doubt[]: of the image and of the feed
  judged_at timestamptz not null default now()
);

create table image_scan (
  manifest_digest text not null references manifest (digest) on delete cascade,
  category text not null check (category in ('vulnerabilities', 'malware', 'secrets')),
  state text not null,
  problem jsonb,
  layers_done int not null default 0,
  layers_total int not null default 0,
  layers_read int not null default 0,       -- not taken from layer_inspection
  cancel_requested boolean not null default false,
  queued_at timestamptz,
  started_at timestamptz,
  touched_at timestamptz,                   -- last sign of life of the worker that scans
  finished_at timestamptz,
  primary key (manifest_digest, category)
);
