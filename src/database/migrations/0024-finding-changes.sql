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
