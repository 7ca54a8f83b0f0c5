-- Base images. OCI image-spec v1.1, config.md#layer-chainid: the chain id of the lowest
-- layer is its diff id, that of a stack the SHA-256 of "<chain id of what is below> <diff id of the top>". An image is the
-- base of another when its whole stack is a lower part of the other's: one equal chain id, whichever was pushed first.

-- Chain ids of the lowest layer, of the two lowest, …, by the diff ids that inspection found, not those that a config
-- claims. Ends before a layer that was not read whole, and at the 512th: no runtime mounts more.
create function layer_chain_ids(blob_digests text[]) returns bytea[] language plpgsql stable as $$
declare
  blob text;
  diff text;
  chain bytea;
  chains bytea[] := '{}';
begin
  foreach blob in array coalesce(blob_digests[1:512], '{}') loop
    select i.diff_id into diff from layer_inspection i
    where i.blob_digest = blob and i.diff_id like 'sha256:%' order by i.inspector_version desc limit 1;
    exit when diff is null;
    chain := case when chain is null then decode(substr(diff, 8), 'hex')
      else sha256(convert_to('sha256:' || encode(chain, 'hex') || ' ' || diff, 'UTF8')) end;
    chains := chains || chain;
  end loop;
  return chains;
end $$;

create function layers_of(manifest text) returns text[] language sql stable as $$
  select array_agg(b.blob_digest order by b.position) from manifest_blob b
  where b.manifest_digest = manifest and b.position > 0
$$;

-- The whole stack of each image whose layers were all read to their end.
create table layer_chain (
  manifest_digest text primary key references manifest on delete cascade,
  chain_id bytea not null
);
create index layer_chain_id on layer_chain (chain_id);

create function note_layer_chain() returns trigger language plpgsql as $$
declare
  layers text[] := layers_of(new.manifest_digest);
  chains bytea[] := layer_chain_ids(layers);
begin
  delete from layer_chain where manifest_digest = new.manifest_digest;
  if cardinality(chains) = cardinality(layers) and cardinality(chains) > 0 then
    insert into layer_chain (manifest_digest, chain_id) values (new.manifest_digest, chains[cardinality(chains)])
    on conflict (manifest_digest) do update set chain_id = excluded.chain_id;
  end if;
  return null;
end $$;
-- A trigger, so that an older version of the server that runs beside this one fills the table too.
create trigger chain_of_scanned after insert or update of inspected_at on image_report
  for each row execute function note_layer_chain();

-- Images that were scanned before: some at a time are looked at in the background (src/scan/fill-layer-chains.ts).
create table layer_chain_due (
  manifest_digest text primary key references manifest on delete cascade
);
insert into layer_chain_due select manifest_digest from image_report;

-- What a tag pointed at before: "a newer image of the same tag" is told by it. No foreign key, so that a push locks nothing
-- more than its tag; rows go with the image.
create table former_tag (
  repository_id bigint not null,
  manifest_digest text not null,
  name text collate "C" not null,
  left_at timestamptz not null default now(),
  primary key (repository_id, manifest_digest, name)
);

create function note_former_tag() returns trigger language plpgsql as $$
begin
  insert into former_tag (repository_id, manifest_digest, name)
  values (old.repository_id, old.manifest_digest, old.name)
  on conflict (repository_id, manifest_digest, name) do update set left_at = now();
  return null;
end $$;
create trigger former_when_moved after update of manifest_digest on tag
  for each row when (old.manifest_digest is distinct from new.manifest_digest) execute function note_former_tag();

create function forget_former_tags() returns trigger language plpgsql as $$
begin
  delete from former_tag f using gone
  where f.repository_id = gone.repository_id and f.manifest_digest = gone.manifest_digest;
  return null;
end $$;
create trigger former_tags_of_gone after delete on repository_manifest
  referencing old table as gone for each statement execute function forget_former_tags();
