-- The server whose request holds the lease: it holds an advisory lock of that number for as long as it lives.
alter table upload add column lease_holder int;

-- When the stored copy was last found to hash to its digest; and, until it is replaced, since when it does not.
alter table blob add column scrubbed_at timestamptz not null default now();
alter table blob add column damaged_at timestamptz;
create index blob_scrubbed_at on blob (scrubbed_at) where state = 'stored';
create index blob_damaged_at on blob (damaged_at) where damaged_at is not null;
