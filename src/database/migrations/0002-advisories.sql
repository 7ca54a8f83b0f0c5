-- One row per ecosystem folder of the mirror (and one each for CVE, KEV and EPSS).
create table feed (
  name text primary key,
  record_count bigint not null default 0,
  newest_record_at timestamptz,
  version bigint not null default 0,        -- grows with every change that was applied
  last_attempt_at timestamptz,
  last_success_at timestamptz,
  last_error text,
  source text,
  skipped_count bigint not null default 0,  -- records of the last good import that could not be read
  reader_version int not null default 0,    -- rows made by an older reader are read again whole
  validators jsonb not null default '{}'    -- by address: ETag and Last-Modified of what was last applied
);

create table advisory (
  id text primary key,
  modified_at timestamptz not null,
  published_at timestamptz,
  withdrawn_at timestamptz,
  vulnerabilities text[] not null,          -- canonical ids: its CVEs, else its own id
  aliases text[] not null,                  -- every other id of it
  ratings jsonb not null,                   -- SeverityRating[] that the record itself bears
  summary text not null,
  content_hash bytea not null,              -- sha256 of the OSV JSON
  record bytea not null                     -- the OSV JSON, raw deflate
);
create index advisory_vulnerabilities on advisory using gin (vulnerabilities);
create index advisory_aliases on advisory using gin (aliases);

create table feed_advisory (
  feed text not null,
  advisory_id text not null references advisory on delete cascade,
  primary key (feed, advisory_id)
);

-- What an advisory says of one package of one release: the matcher's input.
create table advisory_package (
  advisory_id text not null references advisory on delete cascade,
  position int not null,                    -- in `affected`
  ecosystem text not null,                  -- without suffix
  release text not null,                    -- suffix, or empty
  name text not null,                       -- normalised for the ecosystem
  affected jsonb not null,                  -- { ranges, versions, … } of matching/advisory.ts
  primary key (advisory_id, position)
);
create index advisory_package_name on advisory_package (ecosystem, name);

-- How much is known of each release, to tell "nothing found" from "nothing known". Rewritten with every applied feed.
create table release_coverage (
  ecosystem text not null,
  release text not null,
  record_count bigint not null,
  newest_record_at timestamptz not null,
  primary key (ecosystem, release)
);

-- Changes that were applied but not yet re-matched: written in the transaction that applies them.
create table pending_change (
  kind text not null check (kind in ('advisory', 'package', 'cve')),
  ecosystem text not null,                  -- of a package, else empty
  name text not null,                       -- of a package, else the id
  primary key (kind, ecosystem, name)
);

-- CVE records, KEV and EPSS, joined by CVE.
create table cve (
  id text primary key,
  modified_at timestamptz not null,
  ratings jsonb not null,
  cwes text[] not null,
  details text not null,
  published_at timestamptz
);

create table known_exploited (
  cve text primary key,
  added_on date not null,
  due_on date,
  ransomware boolean not null,
  details jsonb not null
);

create table epss (
  cve text primary key,
  probability real not null,
  percentile real not null
);
