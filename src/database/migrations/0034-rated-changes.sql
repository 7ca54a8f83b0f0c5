-- What a match was rated from then on, so that a change by a source that does not decide is told from one that does. Null: noted by
-- an older version.
alter table match_change add column severity text;
alter table match_change add column source_severities int;
