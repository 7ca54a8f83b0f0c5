-- Packages whose matches a re-match has changed, until the summaries of the images that hold them are rewritten: a server that
-- is killed in between leaves them for the next run, which would find no difference any more.
create table changed_package (
  package_id integer primary key references package (id) on delete cascade
);
