-- Lists, searches and counts of very many images (docs/performance.md).

-- The tags of an image in one repository: with the digest alone PostgreSQL read all tags of the repository beside it.
drop index tag_manifest;
create index tag_manifest on tag (manifest_digest, repository_id);

-- Which images hold a package. Packed sets are little-endian uint32 (scan/packed-ids.ts); a package's id is an int.
create function unpack_package_ids(packed bytea) returns int[] immutable strict parallel safe language sql as $$
  select coalesce(array_agg(get_byte(packed, at) | (get_byte(packed, at + 1) << 8)
    | (get_byte(packed, at + 2) << 16) | (get_byte(packed, at + 3) << 24)), '{}')
  from generate_series(0, length(packed) - 4, 4) at
$$;
create index image_report_packages on image_report using gin (unpack_package_ids(package_ids));
