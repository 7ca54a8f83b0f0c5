-- Accounts: who may do what. Names are unique over users and robots.
create table account (
  id bigint generated always as identity primary key,
  name text not null unique,
  kind text not null check (kind in ('user', 'robot')),
  is_admin boolean not null default false,
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz not null default now()
);

create table session (
  token_hash bytea primary key,
  account_id bigint not null references account on delete cascade,
  csrf_token text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- Counts of tries to log in per account and address, kept here so that all replicas count together.
create table login_attempt (
  key text primary key,
  tries int not null,
  window_ends_at timestamptz not null
);

-- Secrets of the installation (token signing key, …), sealed with the key file outside the database.
create table sealed_secret (
  name text primary key,
  sealed bytea not null,
  created_at timestamptz not null default now()
);

-- A namespace carries the policy. `policy` is the JSON of policy/policy.ts.
create table namespace (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique,
  is_public boolean not null default false,
  auto_scan boolean not null default true,
  policy jsonb not null default '{"mode":"off"}',
  created_at timestamptz not null default now()
);

create table namespace_member (
  namespace_id bigint not null references namespace on delete cascade,
  account_id bigint not null references account on delete cascade,
  role text not null check (role in ('admin', 'maintainer', 'developer', 'auditor', 'guest')),
  primary key (namespace_id, account_id)
);

create table exemption (
  id bigint generated always as identity primary key,
  namespace_id bigint not null references namespace on delete cascade,
  vulnerability_id text not null,           -- upper case
  repository_pattern text,                  -- null: the whole namespace
  manifest_digest text,                     -- null: every image
  package_name text,                        -- null: every package
  reason text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz
);
create index exemption_namespace on exemption (namespace_id);

create table immutability_rule (
  id bigint generated always as identity primary key,
  namespace_id bigint not null references namespace on delete cascade,
  template text not null check (template in ('latest', 'custom')),
  repository_pattern text not null,
  repository_match text not null check (repository_match in ('matching', 'excluding')),
  tag_pattern text not null,
  tag_match text not null check (tag_match in ('matching', 'excluding')),
  allow_delete boolean not null default false,
  enabled boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index immutability_rule_namespace on immutability_rule (namespace_id);

create table repository (
  id bigint generated always as identity primary key,
  namespace_id bigint not null references namespace on delete cascade,
  name text collate "C" not null,           -- byte order: lists page in the order that the OCI spec asks for
  created_at timestamptz not null default now(),
  unique (namespace_id, name)
);

-- Content, once per digest. A blob's bytes are in the blob store under `storage_key`; a manifest's are here.
create table blob (
  digest text primary key,
  size_bytes bigint not null,
  storage_key text not null,
  state text not null default 'stored' check (state in ('stored', 'deleting')),
  created_at timestamptz not null default now()
);
create index blob_deleting on blob (digest) where state = 'deleting';
create index blob_storage_key on blob (storage_key);

-- A blob is visible in a repository only through this row.
create table repository_blob (
  repository_id bigint not null references repository on delete cascade,
  digest text not null references blob (digest),
  linked_at timestamptz not null default now(),
  primary key (repository_id, digest)
);
create index repository_blob_digest on repository_blob (digest);

-- Keeps a blob from collection between its 201 and the manifest that will refer to it.
create table blob_pin (
  digest text not null references blob (digest) on delete cascade,
  repository_id bigint not null references repository on delete cascade,
  expires_at timestamptz not null,
  claims int not null default 1,            -- pushes that were told of it and whose manifest has not come
  primary key (digest, repository_id)
);

create table manifest (
  digest text primary key,                  -- sha256
  digest_sha512 text unique,                -- the same bytes under sha512, when asked for
  media_type text not null,
  kind text not null check (kind in ('image', 'index', 'artifact')),
  artifact_type text,
  config_digest text,                       -- image ID
  subject_digest text,
  annotations jsonb,
  size_bytes bigint not null,               -- of the manifest itself
  image_size_bytes bigint not null,         -- config and layers as stored
  content bytea not null,
  created_at timestamptz not null default now()
);
create index manifest_config on manifest (config_digest);
create index manifest_subject on manifest (subject_digest) where subject_digest is not null;

create table manifest_blob (
  manifest_digest text not null references manifest (digest) on delete cascade,
  position int not null,                    -- 0: config, 1…: layers
  blob_digest text not null,
  media_type text not null,
  size_bytes bigint not null,
  primary key (manifest_digest, position)
);
create index manifest_blob_blob on manifest_blob (blob_digest);

create table manifest_child (
  parent_digest text not null references manifest (digest) on delete cascade,
  position int not null,
  child_digest text not null,
  media_type text not null,
  platform jsonb,
  annotations jsonb,
  primary key (parent_digest, position)
);
create index manifest_child_child on manifest_child (child_digest);

-- An image as people see it: one manifest in one repository. Its id is the one in report URLs.
create table repository_manifest (
  id bigint generated always as identity primary key,
  repository_id bigint not null references repository on delete cascade,
  manifest_digest text not null references manifest (digest),
  pushed_by text not null,
  pushed_at timestamptz not null default now(),
  pulled_at timestamptz,
  unique (repository_id, manifest_digest)
);
create index repository_manifest_manifest on repository_manifest (manifest_digest);
create index repository_manifest_pushed on repository_manifest (pushed_at, id);

create table tag (
  repository_id bigint not null references repository on delete cascade,
  name text collate "C" not null,
  manifest_digest text not null references manifest (digest),
  -- Of the digest that it was pushed with: answers by tag name the manifest under that one.
  digest_algorithm text not null default 'sha256' check (digest_algorithm in ('sha256', 'sha512')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (repository_id, name)
);
create index tag_manifest on tag (manifest_digest);

-- Resumable uploads; bound to the repository and the account that opened it. One request at a time works on an
-- upload, on whichever replica: it holds the lease and renews it; the lease of one that died ends by itself.
create table upload (
  id uuid primary key,
  repository_id bigint not null references repository on delete cascade,
  account_id bigint,
  offset_bytes bigint not null default 0,
  lease uuid,
  leased_until timestamptz,
  created_at timestamptz not null default now(),
  touched_at timestamptz not null default now()
);

create table event (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  kind text not null,                       -- pull.blocked, pull.warned, push.refused, policy.changed, …
  namespace_id bigint references namespace on delete set null,
  actor text not null,
  client text,                              -- address and user agent
  subject text not null,                    -- what it happened to: repository@digest, user, rule, …
  details jsonb not null default '{}'
);
create index event_namespace on event (namespace_id, id desc);
