-- What lists of very many images, tags and repositories walk (docs/performance.md). Each order is an index: a page costs
-- the same wherever it begins.

-- By severity and by size; the digest makes equal values an order.
create index image_summary_severity on image_summary
  (critical, high, medium, low, negligible, unknown, manifest_digest);
create index manifest_image_size on manifest (image_size_bytes, digest);

-- What is rare is looked up instead of met by chance on the way.
create index image_summary_highest on image_summary (highest, manifest_digest);
create index image_summary_undetermined on image_summary (manifest_digest) where undetermined;
create index image_scan_unfinished on image_scan (state, manifest_digest)
  where category = 'vulnerabilities' and state not in ('scanned', 'unsupported');
create index manifest_not_image on manifest (kind, digest) where kind <> 'image';

-- A repository's images and tags, newest first.
create index repository_manifest_repository on repository_manifest (repository_id, pushed_at, id);
create index tag_repository_updated on tag (repository_id, updated_at);

-- Part of a tag's name. A trusted extension: whoever owns the database may create it.
create extension if not exists pg_trgm;
create index tag_name_part on tag using gin (lower(name) gin_trgm_ops);

-- Exemptions name a vulnerability by any of its ids.
create index package_match_aliases on package_match using gin (aliases);
