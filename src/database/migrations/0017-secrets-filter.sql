-- Images in which secrets were found, which are few, for lists of them (lists/_image-filter.ts writes the same sum).
create index image_summary_secrets on image_summary (manifest_digest)
where secrets_critical + secrets_high + secrets_medium + secrets_low > 0;
