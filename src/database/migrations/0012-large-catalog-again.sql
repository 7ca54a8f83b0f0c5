-- What the collector looks at first (docs/durability.md): manifests that went out of a repository, and blobs that were
-- deleted. Rows are only added, so that no two deletions meet on one, and removed when they were looked at. Nothing
-- depends on them: the round over everything finds what is missing here.
create table garbage_suspect (
  id bigint generated always as identity primary key,
  digest text not null,                     -- of a manifest or a blob
  look_at timestamptz not null default now()
);
create index garbage_suspect_due on garbage_suspect (look_at, id);

-- Whoever takes manifests out, a deletion that cascades too.
create function suspect_manifests() returns trigger language plpgsql as $$
begin
  insert into garbage_suspect (digest) select distinct manifest_digest from gone;
  return null;
end $$;
create trigger garbage_of_manifests after delete on repository_manifest
  referencing old table as gone for each statement execute function suspect_manifests();

-- What has no scan, which no index on scans can tell: every manifest but an index is here until it has one.
create table unscanned_manifest (
  digest text primary key references manifest on delete cascade
);

create function count_as_unscanned() returns trigger language plpgsql as $$
begin
  insert into unscanned_manifest (digest) values (new.digest) on conflict do nothing;
  return null;
end $$;
create trigger unscanned_until_scanned after insert on manifest
  for each row when (new.kind <> 'index') execute function count_as_unscanned();

create function count_as_scanned() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    delete from unscanned_manifest where digest = new.manifest_digest;
  else
    -- None while the manifest itself is deleted.
    insert into unscanned_manifest (digest)
    select digest from manifest where digest = old.manifest_digest and kind <> 'index' on conflict do nothing;
  end if;
  return null;
end $$;
create trigger scanned_no_more_unscanned after insert on image_scan
  for each row when (new.category = 'vulnerabilities') execute function count_as_scanned();
create trigger unscanned_again after delete on image_scan
  for each row when (old.category = 'vulnerabilities') execute function count_as_scanned();

insert into unscanned_manifest (digest)
select m.digest from manifest m where m.kind <> 'index' and not exists (
  select from image_scan c where c.manifest_digest = m.digest and c.category = 'vulnerabilities');
