-- Searches by package and by vulnerability (docs/performance.md).

-- In a schema of its own: its operators would stand in for those of PostgreSQL's arrays otherwise. A trusted extension:
-- whoever owns the database may create it.
create schema intarray;
create extension intarray with schema intarray;

-- The packed set of `image_report` as an array: what holds any of a thousand packages is found in one pass, which takes
-- microseconds an image, and of a few packages by the index. To unpack a set for each question takes a hundred times that.
create table image_packages (
  manifest_digest text primary key references image_report (manifest_digest) on delete cascade,
  package_ids int[] not null                -- sorted, each once
);
insert into image_packages (manifest_digest, package_ids)
select manifest_digest, unpack_package_ids(package_ids) from image_report;
create index image_packages_ids on image_packages using gin (package_ids intarray.gin__int_ops);
drop index image_report_packages;

create function keep_image_packages() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.package_ids = old.package_ids then return null; end if;
  insert into image_packages (manifest_digest, package_ids)
  values (new.manifest_digest, unpack_package_ids(new.package_ids))
  on conflict (manifest_digest) do update set package_ids = excluded.package_ids;
  return null;
end $$;
create trigger packages_of_report after insert or update of package_ids on image_report
  for each row execute function keep_image_packages();
-- Also of reports that are copied in bulk.
alter table image_report enable always trigger packages_of_report;

-- What a name is looked up by: its last part, without case, and with one character for those that ecosystems do not
-- tell apart. What is found so is compared with what was asked (src/lists/find-packages.ts).
create function searched_name(name text) returns text immutable strict parallel safe language sql as $$
  select regexp_replace(lower(regexp_replace(name, '^.*[/:]', '')), '[-_.]+', '-', 'g')
$$;
create index package_searched_name on package (searched_name(name));
create index package_searched_source on package (searched_name(source_name)) where source_name <> name;
create index package_name_part on package using gin (lower(name) gin_trgm_ops);
