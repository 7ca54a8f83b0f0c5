-- Each judging again asks which packages were matched by older rules of ours: none, but after an update, and nobody reads them
-- all for it.
create index package_matching_version on package (matching_version) where matched_at is not null;
