-- A blob's row is that of its sha256; its sha512 names the same row. Unknown (null) until somebody has hashed the bytes:
-- at once for small blobs and for those pushed under it, soon after the push for the others (upkeep/complete-digests.ts).
alter table blob add column digest_sha512 text;
-- Rows of before are keyed as they were pushed. They are found by that digest, and become rows of their sha256 later.
update blob set digest_sha512 = digest where starts_with(digest, 'sha512:');
create unique index blob_digest_sha512 on blob (digest_sha512);
create index blob_incomplete on blob (created_at)
  where state = 'stored' and (digest_sha512 is null or starts_with(digest, 'sha512:'));
