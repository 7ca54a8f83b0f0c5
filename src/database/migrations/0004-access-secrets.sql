-- Robots: accounts without a password. Their permissions are rows of namespace_member; one that belongs to a namespace
-- goes with it.
alter table account
  add column namespace_id bigint references namespace on delete cascade, -- null: a user, or a robot of the registry
  add column description text not null default '',
  add column created_by text,
  add constraint account_namespace_is_of_robot check (kind = 'robot' or namespace_id is null);
create index account_namespace on account (namespace_id) where namespace_id is not null;

-- What robots sign in with, and users instead of their password. A revoked one is no row. The hash is keyed with a
-- sealed secret: a copy of this table alone lets nobody in and no guess be checked.
create table access_secret (
  id bigint generated always as identity primary key,
  account_id bigint not null references account on delete cascade,
  name text not null,
  scope text not null check (scope in ('full', 'read-only')),
  secret_hash bytea not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz,                   -- null: never
  last_used_at timestamptz,                 -- to the minute
  warned_at timestamptz                     -- when the event said that it will expire
);
create index access_secret_account on access_secret (account_id);
create index access_secret_expiry on access_secret (expires_at) where expires_at is not null;
