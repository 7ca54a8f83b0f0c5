-- A session can be named in a list without its token.
alter table session
  add column id bigint generated always as identity unique,
  add column client text,                   -- address and user agent that opened it
  add column last_used_at timestamptz;      -- to the minute
create index session_account on session (account_id);

-- A robot of the registry may have a permission in every namespace, those made later too; it is never that of an admin.
alter table account
  add column everywhere_role text check (everywhere_role in ('guest', 'developer', 'maintainer')),
  add constraint account_everywhere_is_of_registry_robot
    check (everywhere_role is null or (kind = 'robot' and namespace_id is null));
create index account_everywhere on account (id) where everywhere_role is not null;

-- Of a role in one namespace and one in every namespace the stronger counts; null: none.
create function stronger_role(here text, everywhere text) returns text language sql immutable parallel safe as $$
  select case
    when everywhere is null or here in ('admin', 'maintainer') then here
    when here is null or everywhere = 'maintainer' then everywhere
    when here = 'developer' then here
    else everywhere
  end
$$;

-- The role of an account in a namespace, whichever way it has it: one row each.
create view namespace_standing as
  select m.namespace_id, m.account_id, stronger_role(m.role, a.everywhere_role) as role
  from namespace_member m join account a on a.id = m.account_id
  union all
  select n.id, a.id, a.everywhere_role
  from account a cross join namespace n
  where a.everywhere_role is not null
    and not exists (select from namespace_member m where m.namespace_id = n.id and m.account_id = a.id);

create index event_actor on event (actor, id desc);
create index event_kind on event (kind, id desc);
