-- contracting: servers before this one read `package_match` on, but cannot write it.

-- What is said of a vulnerability, once for all packages of which the same is said (docs/decisions/0017). Two equal rows may
-- stand side by side; what no match refers to any more goes by and by (src/scan/matches/match-details.ts).
create table match_detail (
  id int generated always as identity primary key,
  vulnerability_id text not null,
  advisory_id text not null,
  status text not null check (status in ('affected', 'undetermined')),
  aliases text[] not null,
  severity text not null,                   -- what the default order of sources chooses
  source_severities int,                    -- src/report/source-severities.ts; null: matched last by an older version
  fixed_version text,
  fix_state text not null
);

-- A package and what is said of it: one row for each vulnerability, which its writer sees to, under the package's lock.
-- Rows end (`resolved_at`) instead of being deleted.
create table stored_match (
  package_id int not null,
  detail_id int not null,
  first_seen_at timestamptz not null default now(),
  resolved_at timestamptz
);

set local work_mem = '256MB';
set local maintenance_work_mem = '256MB';
-- Many matches say the same, which PostgreSQL does not expect: to hash them takes a tenth of sorting them.
set local enable_sort = off;
with said as materialized (
  select distinct vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version, fix_state
  from package_match)
insert into match_detail (vulnerability_id, advisory_id, status, aliases, severity, source_severities, fixed_version,
  fix_state)
select * from said order by vulnerability_id, advisory_id;
reset enable_sort;
analyze match_detail;
insert into stored_match (package_id, detail_id, first_seen_at, resolved_at)
select m.package_id, d.id, m.first_seen_at, m.resolved_at
from package_match m join match_detail d on (d.vulnerability_id, d.advisory_id, d.status, d.aliases, d.severity, d.fix_state)
    = (m.vulnerability_id, m.advisory_id, m.status, m.aliases, m.severity, m.fix_state)
  and d.source_severities is not distinct from m.source_severities
  and d.fixed_version is not distinct from m.fixed_version
order by m.package_id, d.id;
drop table package_match;

alter table stored_match add primary key (package_id, detail_id),
  add foreign key (package_id) references package on delete cascade,
  add foreign key (detail_id) references match_detail;
create index stored_match_detail on stored_match (detail_id);
create index match_detail_vulnerability on match_detail (vulnerability_id);
-- Exemptions and searches name a vulnerability by any of its ids.
create index match_detail_aliases on match_detail using gin (aliases) with (fastupdate = off);
analyze stored_match;

create view package_match as
select m.package_id, d.vulnerability_id, d.advisory_id, d.status, d.aliases, d.severity, d.source_severities,
  d.fixed_version, d.fix_state, m.first_seen_at, m.resolved_at, m.detail_id
from stored_match m join match_detail d on d.id = m.detail_id;

-- Packages are never deleted while anything refers to them; to look that up for each of ten thousand rows is most of what
-- it costs to write them.
alter table match_change drop constraint match_change_package_id_fkey;
alter table changed_package drop constraint changed_package_package_id_fkey;

-- The name under which advisories speak of a package: `advisedNames()` and `normalisePackageName()`, but for the first of two
-- names and for header files of kernels (src/scan/matches/packages-named.ts).
create function advised_name(ecosystem text, name text, source_name text) returns text
  immutable strict parallel safe language sql as $$
  select case
    when ecosystem = 'AlmaLinux' then name
    when ecosystem = 'PyPI' then regexp_replace(lower(source_name), '[-_.]+', '-', 'g')
    when ecosystem in ('NuGet', 'Packagist') then lower(source_name)
    else source_name end
$$;
create index package_advised_name on package (ecosystem, advised_name(ecosystem, name, source_name));

-- How well a release is covered is counted after each update, by these alone, without the records.
create index advisory_dates on advisory (id) include (modified_at, published_at) where withdrawn_at is null;
create index advisory_package_release on advisory_package (ecosystem, release, advisory_id);
