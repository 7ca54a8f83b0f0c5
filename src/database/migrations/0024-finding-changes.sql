-- What re-matching changed is kept, whoever asks (src/scan/match-changes.ts): a row for a package and a vulnerability, not for
-- each image that holds the package. Rows go by age (src/scan/forget-match-changes.ts).
alter table match_change add column at timestamptz not null default now();
-- A webhook asked for differences when this was noted, and was not told yet.
alter table match_change add column untold boolean not null default false;
update match_change set untold = true;
create index match_change_untold on match_change (id) where untold;
create index match_change_at on match_change (at);
-- The history of an image's packages, and deletions of packages.
create index match_change_package on match_change (package_id, id);

-- Events go by age (src/accounts/forget-events.ts).
create index event_at on event (at);

-- Canonical ids of the vulnerabilities that changed advisories describe, before and after: only these are matched again.
alter table pending_change drop constraint pending_change_kind_check;
alter table pending_change add constraint pending_change_kind_check
  check (kind in ('advisory', 'package', 'cve', 'vulnerability'));
-- What was noted before does not tell them.
update package set matching_version = 0 where exists (select from pending_change);

-- What stands against each package, counted: summaries of images are sums of these (src/scan/package-counts.ts). No row:
-- nothing does. `undetermined` are matches whose versions cannot be compared; the other columns do not count them.
create table package_count (
  package_id int primary key references package on delete cascade,
  critical int not null,
  high int not null,
  medium int not null,
  low int not null,
  negligible int not null,
  unknown int not null,
  fixable int not null,
  known_exploited int not null,
  undetermined int not null
);
insert into package_count
select package_id, count(*) filter (where sure and severity = 'critical'), count(*) filter (where sure and severity = 'high'),
  count(*) filter (where sure and severity = 'medium'), count(*) filter (where sure and severity = 'low'),
  count(*) filter (where sure and severity = 'negligible'), count(*) filter (where sure and severity = 'unknown'),
  count(*) filter (where sure and fixed_version is not null), count(*) filter (where sure and exploited),
  count(*) filter (where not sure)
from (
  select m.*, m.status = 'affected' as sure,
    exists (select from known_exploited k where k.cve = m.vulnerability_id or k.cve = any(m.aliases)) as exploited
  from package_match m where resolved_at is null) as standing
group by package_id;

-- What the feeds could say of an image when the doubts of all were last looked over (src/scan/doubts-pass.ts).
create table doubts_pass (
  is_only boolean primary key default true check (is_only),
  knowledge text not null,
  ended_at timestamptz not null
);
-- Which releases are held, without reading every image.
create index image_report_release on image_report ((distribution->>'ecosystem'), (distribution->>'release'));
