-- Where notifications go (src/webhooks).
create table webhook (
  id bigint generated always as identity primary key,
  namespace_id bigint references namespace on delete cascade, -- null: the whole registry
  name text not null,
  format text not null check (format in ('cloudevents', 'slack', 'teams')),
  sealed_as uuid not null,                  -- the name that `sealed` is sealed under
  sealed bytea not null,                    -- JSON of URL and signing secret
  origin text not null,                     -- scheme, host and port: what is shown of the URL
  kinds text[] not null,                    -- of events
  min_severity text,                        -- null: any
  fixable_only boolean not null default false,
  known_exploited_only boolean not null default false,
  enabled boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index webhook_namespace on webhook (namespace_id);

-- One event for one webhook.
create table webhook_delivery (
  id bigint generated always as identity primary key,
  webhook_id bigint not null references webhook on delete cascade,
  event_id bigint,                          -- null: a test
  kind text not null,
  message jsonb not null,                   -- Message of src/webhooks/message.ts
  dedupe_key text,                          -- one delivery an hour for each, null: each counts
  state text not null check (state in ('waiting', 'delivered', 'failed')),
  attempts int not null default 0,
  created_at timestamptz not null default now(),
  next_attempt_at timestamptz,              -- null: none is to come
  finished_at timestamptz,
  last_status int,                          -- of HTTP; null: no answer came
  last_error text,
  unique (webhook_id, event_id)
);
create index webhook_delivery_webhook on webhook_delivery (webhook_id, id desc);
create index webhook_delivery_dedupe on webhook_delivery (webhook_id, dedupe_key, created_at)
  where dedupe_key is not null;

-- What a re-match changed and nobody has been told of yet; written only while a webhook asks for it.
create table match_change (
  id bigint generated always as identity primary key,
  package_id int not null references package on delete cascade,
  vulnerability_id text not null,
  change text not null check (change in ('added', 'removed', 'severity-changed', 'became-fixable')),
  previous_severity text
);

-- An event that a webhook asks for gets the job that makes its deliveries, in the transaction that makes the event,
-- whatever statement of whatever process that is. `when` keeps all other events from asking.
create function queue_webhook_event() returns trigger language plpgsql as $$
begin
  if exists (
    select from webhook w
    where w.enabled and new.kind = any(w.kinds) and (w.namespace_id is null or w.namespace_id = new.namespace_id)
  ) then
    perform graphile_worker.add_job('webhook-event', payload => json_build_object('event', new.id), max_attempts => 12);
  end if;
  return null;
end $$;
create trigger event_webhooks after insert on event for each row
  when (new.kind in ('pull.blocked', 'pull.warned', 'findings.changed', 'quota.exceeded', 'blob.damaged',
    'robot-secret.expiring', 'access-token.expiring'))
  execute function queue_webhook_event();
