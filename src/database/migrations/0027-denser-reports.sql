-- What a stored image takes (docs/performance.md).
-- contracting: what older versions would misread has another name, so that one which still runs fails instead.

-- Sets of packages are packed closer than SQL can unpack them in time (scan/reports/packed-ids.ts): whoever writes a report
-- writes `image_packages` beside it.
alter table image_report rename column package_ids to package_set;
drop trigger packages_of_report on image_report;
drop function keep_image_packages();
drop function unpack_package_ids(bytea);

-- These are compressed before they come here: PostgreSQL need not try again.
alter table image_report alter column package_set set storage external, alter column places set storage external,
  alter column secrets set storage external, alter column malware set storage external;
alter table layer_inspection alter column report set storage external;
alter table layer_malware alter column result set storage external;
