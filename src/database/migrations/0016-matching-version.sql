-- By which rules a package was matched last (src/scan/matching-version.ts); 0: before they were counted.
alter table package add column matching_version integer not null default 0;
