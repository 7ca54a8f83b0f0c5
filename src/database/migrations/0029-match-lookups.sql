-- Which packages a detail is said of, and which of them are resolved: without a look at the matches, which lie in the order of
-- packages, so that those of one detail are spread over all pages.
create index stored_match_packages on stored_match (detail_id, package_id);
drop index stored_match_detail;
create index stored_match_resolved on stored_match (detail_id, package_id) where resolved_at is not null;

-- Every update of a feed asks for the dates of all its records, too.
drop index advisory_dates;
create index advisory_dates on advisory (id) include (modified_at, published_at, withdrawn_at);
