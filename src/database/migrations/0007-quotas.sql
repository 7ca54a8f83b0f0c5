-- What a namespace holds, and how much it may hold. It counts every distinct blob and manifest of its repositories once,
-- and what its open uploads have received or been promised. Whoever links or unlinks, a deletion that cascades and an
-- older version of the server too, the triggers write the difference in the same transaction. Differences are only
-- added, and folded into one row later: no two pushes of different content meet on a row (threats.md F9).
alter table namespace add column quota_bytes bigint check (quota_bytes >= 0); -- null: no limit

alter table upload add column reserved_bytes bigint not null default 0;       -- promised to the running request
create index upload_repository on upload (repository_id);

-- When a deletion gave up what the pin was for: from then on it holds only while its repository is being pushed to.
alter table blob_pin add column released_at timestamptz;
create index blob_pin_repository on blob_pin (repository_id, expires_at);

-- No foreign keys on the three: a push must not lock the namespace's row. A trigger removes the rows with their namespace.
create table namespace_content (
  namespace_id bigint not null,
  digest text not null,
  kind text not null check (kind in ('blob', 'manifest')),
  size_bytes bigint not null,
  link_count int not null,                  -- repositories of the namespace that hold it
  primary key (namespace_id, digest, kind)
);

create table namespace_usage (
  namespace_id bigint primary key,
  size_bytes bigint not null default 0,     -- sum of the differences that were folded
  refusal_noted_at timestamptz              -- when an event last said that the quota refused a push
);

create table namespace_usage_delta (
  id bigint generated always as identity primary key,
  namespace_id bigint not null,
  size_bytes bigint not null,               -- negative: freed
  cause text not null check (cause in ('blob', 'manifest', 'upload')),
  subject text not null,                    -- digest, or id of the upload
  at timestamptz not null default now()
);
create index namespace_usage_delta_namespace on namespace_usage_delta (namespace_id) include (size_bytes);

-- Counts one link more or less; the first and the last of a namespace make a difference. The row is changed before it is
-- looked at, so that two transactions about the same content pass one after the other.
create function count_link(of_repository bigint, of_kind text, of_digest text, of_size bigint, change int)
returns void language plpgsql as $$
declare
  of_namespace bigint;
  links int;
  counted bigint;
begin
  -- None while the namespace itself is deleted, with all that is counted in it.
  select r.namespace_id into of_namespace
  from repository r join namespace n on n.id = r.namespace_id where r.id = of_repository;
  if of_namespace is null then return; end if;
  if change > 0 then
    insert into namespace_content as content (namespace_id, digest, kind, size_bytes, link_count)
    values (of_namespace, of_digest, of_kind, of_size, 1)
    on conflict (namespace_id, digest, kind) do update set link_count = content.link_count + 1
    returning link_count, size_bytes into links, counted;
    if links > 1 then return; end if;
  else
    update namespace_content set link_count = link_count - 1
    where namespace_id = of_namespace and digest = of_digest and kind = of_kind
    returning link_count, -size_bytes into links, counted;
    if links is null or links > 0 then return; end if;
    delete from namespace_content
    where namespace_id = of_namespace and digest = of_digest and kind = of_kind;
  end if;
  insert into namespace_usage_delta (namespace_id, size_bytes, cause, subject)
  values (of_namespace, counted, of_kind, of_digest);
end $$;

create function count_blob_link() returns trigger language plpgsql as $$
begin
  if tg_op in ('INSERT', 'UPDATE') then
    perform count_link(new.repository_id, 'blob', new.digest, b.size_bytes, 1)
    from blob b where b.digest = new.digest;
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    perform count_link(old.repository_id, 'blob', old.digest, 0, -1);
  end if;
  return null;
end $$;
create trigger usage_of_blobs after insert or update of repository_id, digest or delete on repository_blob
  for each row execute function count_blob_link();

create function count_manifest_link() returns trigger language plpgsql as $$
begin
  if tg_op in ('INSERT', 'UPDATE') then
    perform count_link(new.repository_id, 'manifest', new.manifest_digest, m.size_bytes, 1)
    from manifest m where m.digest = new.manifest_digest;
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    perform count_link(old.repository_id, 'manifest', old.manifest_digest, 0, -1);
  end if;
  return null;
end $$;
create trigger usage_of_manifests after insert or update of repository_id, manifest_digest or delete on repository_manifest
  for each row execute function count_manifest_link();

create function count_upload() returns trigger language plpgsql as $$
declare
  before bigint := case when tg_op = 'INSERT' then 0 else greatest(old.offset_bytes, old.reserved_bytes) end;
  after bigint := case when tg_op = 'DELETE' then 0 else greatest(new.offset_bytes, new.reserved_bytes) end;
begin
  if before = after then return null; end if;
  insert into namespace_usage_delta (namespace_id, size_bytes, cause, subject)
  select n.id, after - before, 'upload', coalesce(new.id, old.id)::text
  from repository r join namespace n on n.id = r.namespace_id
  where r.id = coalesce(new.repository_id, old.repository_id);
  return null;
end $$;
create trigger usage_of_uploads after insert or update of offset_bytes, reserved_bytes or delete on upload
  for each row execute function count_upload();

-- A repository's content goes before its row, while it can still be said whose it was.
create function empty_repository() returns trigger language plpgsql as $$
begin
  if not exists (select from namespace n where n.id = old.namespace_id) then return old; end if;
  delete from upload where repository_id = old.id;
  delete from repository_manifest where repository_id = old.id;
  delete from repository_blob where repository_id = old.id;
  return old;
end $$;
create trigger usage_of_repository before delete on repository
  for each row execute function empty_repository();

create function forget_usage() returns trigger language plpgsql as $$
begin
  delete from namespace_content where namespace_id = old.id;
  delete from namespace_usage_delta where namespace_id = old.id;
  delete from namespace_usage where namespace_id = old.id;
  return null;
end $$;
-- Named to run after the cascades of the foreign keys, which wait for pushes that are under way.
create trigger usage_of_namespace after delete on namespace
  for each row execute function forget_usage();

insert into namespace_content (namespace_id, digest, kind, size_bytes, link_count)
select r.namespace_id, l.digest, 'blob', b.size_bytes, count(*)
from repository_blob l join repository r on r.id = l.repository_id join blob b on b.digest = l.digest
group by r.namespace_id, l.digest, b.size_bytes;
insert into namespace_content (namespace_id, digest, kind, size_bytes, link_count)
select r.namespace_id, held.manifest_digest, 'manifest', m.size_bytes, count(*)
from repository_manifest held join repository r on r.id = held.repository_id
join manifest m on m.digest = held.manifest_digest
group by r.namespace_id, held.manifest_digest, m.size_bytes;
insert into namespace_usage (namespace_id, size_bytes)
select namespace_id, sum(size_bytes) from (
  select namespace_id, size_bytes from namespace_content
  union all
  select r.namespace_id, u.offset_bytes from upload u join repository r on r.id = u.repository_id) as held
group by namespace_id;
