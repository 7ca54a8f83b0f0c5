-- Offline bundles of advisories that were accepted, in their order. The version to beat is the last one's (threats.md F22);
-- it is written before the first feed of its bundle is swapped in, so that no kill makes room for an older one.
create table advisory_bundle (
  id bigint generated always as identity primary key,
  version bigint not null,
  digest text not null,              -- of the bundle's config, which names every byte of it
  created_at timestamptz not null,   -- as the bundle says
  key_id text,                       -- of the key whose signature counted; null: accepted without one
  source text not null,              -- file or address that it was read from
  accepted_at timestamptz not null,
  imported_at timestamptz            -- null: killed or stopped before its end, or a feed of it was refused
);
