-- Which refused or warned pull was told of lately: at most one event an hour for each, over all replicas.
create table pull_notice (
  -- sha256 of kind, repository, digest and account
  key bytea primary key,
  ends_at timestamptz not null
);
create index pull_notice_ends_at on pull_notice (ends_at);
