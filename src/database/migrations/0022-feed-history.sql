-- What became of the last updates of each feed: ten that were applied and ten that were not, at most.
create table feed_update (
  id bigint generated always as identity primary key,
  feed text not null,
  outcome text not null check (outcome in ('applied', 'refused', 'unreachable')),
  source text,                               -- address that was read; null: none gave a version
  began_at timestamptz not null,
  ended_at timestamptz not null,             -- of the last attempt, where several in a row failed alike
  attempts int not null default 1,
  error text,
  version_before bigint not null,            -- of `feed.version`
  version_after bigint not null,
  records_before bigint not null,
  records_after bigint not null,
  records_added bigint not null default 0,
  records_changed bigint not null default 0, -- without those withdrawn
  records_withdrawn bigint not null default 0,
  records_vanished bigint not null default 0,
  -- By the re-match that followed it.
  matched_at timestamptz,                    -- null: none has ended yet
  packages_matched bigint not null default 0,
  findings_added bigint not null default 0,  -- of distinct packages
  findings_removed bigint not null default 0,
  images_touched bigint not null default 0
);
create index feed_update_feed on feed_update (feed, id desc);

-- Failed attempts since the last success: they decide when the next one is made.
alter table feed add column failures int not null default 0;
-- The last attempt failed because its source did not answer; a version that is refused needs no early attempt.
alter table feed add column is_unreachable boolean not null default false;
-- The version that the stored matches are of; less than `version` while an update is being followed.
alter table feed add column matched_version bigint not null default 0;
update feed set matched_version = version;

-- Synchronisations that have ended, so that whoever asked for one while one ran is not given another.
create table feed_sync (
  is_only boolean primary key default true check (is_only),
  ended_count bigint not null
);
insert into feed_sync (ended_count) values (0);

-- `release_coverage.newest_record_at` never was the newest record (decision 0008). Servers of the version before read and
-- write it until a contracting migration drops it and this trigger.
alter table release_coverage add column data_end_at timestamptz;
update release_coverage set data_end_at = newest_record_at;
create function release_coverage_data_end() returns trigger language plpgsql as $$
begin
  if new.data_end_at is null then
    new.data_end_at := new.newest_record_at;
  end if;
  new.newest_record_at := new.data_end_at;
  return new;
end $$;
create trigger release_coverage_data_end before insert or update on release_coverage
  for each row execute function release_coverage_data_end();
alter table release_coverage alter column data_end_at set not null;
