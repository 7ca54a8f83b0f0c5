-- Which source's rating of a vulnerability counts first is a setting of the namespace (docs/decisions/0013).

-- What each source says of a match, three bits a source (src/report/source-severities.ts); null: matched last by an older
-- version, and matched again with the next synchronisation. `severity` stays what the default order chooses.
alter table package_match add column source_severities int;

-- Sources in order, with commas between; null: the default order. Verdicts follow `severity_order`, lists the one that the
-- rows of `image_severity` are complete for: a job counts them after a change (src/scan/follow-severity-order.ts).
alter table namespace add column severity_order text;
alter table namespace add column listed_severity_order text;
create index namespace_severity_order on namespace (id)
  where severity_order is not null or listed_severity_order is not null;

-- The counts of `image_summary` by another order, of images that a namespace with that order holds.
create table image_severity (
  manifest_digest text not null references manifest (digest) on delete cascade,
  severity_order text not null,
  highest text,
  critical int not null,
  high int not null,
  medium int not null,
  low int not null,
  negligible int not null,
  unknown int not null,
  primary key (severity_order, manifest_digest)
);
-- The orders and the filter of lists, as for `image_summary`; the first is for deletions of manifests.
create index image_severity_manifest on image_severity (manifest_digest);
create index image_severity_severity on image_severity
  (severity_order, critical, high, medium, low, negligible, unknown, manifest_digest);
create index image_severity_highest on image_severity (severity_order, highest, manifest_digest);

-- A change that is noted tells what each source said before, as each namespace has its own severity of it.
alter table match_change add column previous_source_severities int;
