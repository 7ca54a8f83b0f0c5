-- Credentials of an image, part of its last good result (report/image-secrets.ts). Null: never looked for.
alter table image_report
  add column secrets_outcome text check (secrets_outcome in ('scanned', 'incomplete', 'unsupported')),
  add column secrets_problem jsonb,         -- ScanProblem: why it is incomplete or unsupported
  add column secret_facts jsonb,            -- SecretFacts: what policy judges
  add column secrets bytea;                 -- deflated JSON: SecretFinding[], values masked

-- What the filter by verdict asks of secrets: whether any of a severity count, and whether they were looked for.
alter table image_summary
  add column secrets_outcome text,
  add column secrets_critical int not null default 0,
  add column secrets_high int not null default 0,
  add column secrets_medium int not null default 0,
  add column secrets_low int not null default 0;

-- Of a secret that an exemption names as `SECRET:<rule>`; null: every path.
alter table exemption add column path_pattern text;

-- Scans of an image's categories run as one job, whose row is that of `vulnerabilities`.
insert into image_scan (manifest_digest, category, state, queued_at)
select manifest_digest, 'secrets', 'queued', queued_at from image_scan
where category = 'vulnerabilities' and state = 'queued'
on conflict do nothing;
