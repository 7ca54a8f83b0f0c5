-- Notifications by mail: a webhook of format `email` has recipients in the place of URL and signing secret.
alter table webhook
  drop constraint webhook_format_check,
  add constraint webhook_format_check check (format in ('cloudevents', 'slack', 'teams', 'email')),
  alter column sealed_as drop not null,
  alter column sealed drop not null,
  alter column origin drop not null,
  add column recipients text[] not null default '{}',
  add constraint webhook_goes_somewhere check (
    (format = 'email') = (sealed is null) and (format = 'email') = (recipients <> '{}')
    and (sealed is null) = (sealed_as is null) and (sealed is null) = (origin is null));

-- Of a mail: who has not got it yet (null: all recipients of the webhook), and whom the mail server refused for good.
alter table webhook_delivery
  add column outstanding text[],
  add column refused text[] not null default '{}';

-- Where a waiting scan stands in line (src/scan/queue-scan.ts): namespaces take turns.
alter table image_scan
  add column place smallint not null default 0,
  add column place_namespace_id integer,    -- whose turn it takes
  add column place_reason text;             -- why it was queued
create index image_scan_place on image_scan (place) where category = 'vulnerabilities' and state = 'queued';
create index image_scan_place_of_namespace on image_scan (place_namespace_id, place_reason, place)
  where category = 'vulnerabilities' and state = 'queued';
