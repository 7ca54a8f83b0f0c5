import type { DatabaseConnection } from '../src/database/database.ts';
import { packSeverities } from '../src/report/source-severities.ts';
import { matchingVersion } from '../src/scan/matches/matching-version.ts';

/** Gets another order. */
export const orderedNamespace = 'ordered';
const packageCount = 6_000;
const packagesPerImage = 300;

/** What sources say of a finding, by the default order low, medium, high: of every third they differ. */
const said = [
  packSeverities([
    { source: 'vendor', severity: 'low' },
    { source: 'cvss-v3', severity: 'critical' },
  ]),
  packSeverities([
    { source: 'vendor', severity: 'medium' },
    { source: 'cvss-v3', severity: 'medium' },
  ]),
  packSeverities([
    { source: 'ecosystem', severity: 'high' },
    { source: 'cvss-v2', severity: 'high' },
  ]),
];

/** Images in two namespaces, half in each; every fourth package has one to seven findings. */
export async function fillRatedImages({ pool }: DatabaseConnection, count: number): Promise<void> {
  await pool.query(`
    insert into package (ecosystem, release, name, version, source_name, source_version, module, matched_at, matching_version)
    select 'Debian', '12', 'lib' || n, '1', 'source' || n, '1', '', now(), ${matchingVersion}
    from generate_series(1, ${packageCount}) n order by n;
    insert into match_detail (vulnerability_id, advisory_id, status, aliases, severity, source_severities, fix_state)
    select 'CVE-2025-' || n || v, 'DEBIAN-CVE-' || n || v, 'affected', '{}', (array['low', 'medium', 'high'])[1 + (n / 4 + v) % 3],
      (array[${said.join()}])[1 + (n / 4 + v) % 3], 'not-fixed'
    from generate_series(4, ${packageCount}, 4) n cross join lateral generate_series(1, 1 + n % 7) v;
    insert into stored_match (package_id, detail_id)
    select n, d.id from generate_series(4, ${packageCount}, 4) n cross join lateral generate_series(1, 1 + n % 7) v
    join match_detail d on d.vulnerability_id = 'CVE-2025-' || n || v;
    insert into namespace (name) values ('${orderedNamespace}'), ('other');
    insert into repository (namespace_id, name) select 1 + n % 2, 'service-' || n from generate_series(1, 100) n;
    create table filled as select n, 'sha256:' || encode(sha256(n::text::bytea), 'hex') as digest from generate_series(1, ${count}) n;
    insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
    select digest, 'application/vnd.oci.image.manifest.v1+json', 'image', 2, n, '{}' from filled;
    insert into repository_manifest (repository_id, manifest_digest, pushed_by, pushed_at)
    select 1 + ('x' || substr(digest, 8, 6))::bit(24)::int % 100, digest, 'bench', now() - n * interval '1 second'
    from filled`);
  await pool.query(packedReports);
  await pool.query(`
    insert into image_summary (manifest_digest, highest, critical, high, medium, low, negligible, unknown)
    select f.digest, case when c.high > 0 then 'high' when c.medium > 0 then 'medium' when c.low > 0 then 'low' end,
      0, c.high, c.medium, c.low, 0, 0
    from filled f join image_packages i on i.manifest_digest = f.digest cross join lateral (
      select count(*) filter (where severity = 'high') as high, count(*) filter (where severity = 'medium') as medium,
        count(*) filter (where severity = 'low') as low
      from package_match where package_id = any(i.package_ids)) c;
    insert into image_scan (manifest_digest, category, state) select digest, 'vulnerabilities', 'scanned' from filled;
    drop table filled`);
}

/** 300 of the packages, by the image's number. Sets as plain numbers, as SQL can write them, are read too. */
const packedReports = `
  insert into image_report (manifest_digest, inspector_version, outcome, ecosystems, doubts, package_set, places,
    inspected_at, first_judged_at)
  select f.digest, 1, 'scanned', '{Debian}', '[]', '', '', now(), now() from filled f;
  insert into image_packages (manifest_digest, package_ids)
  select f.digest, p.ids from filled f cross join lateral (
    select array_agg(id order by id) as ids
    from (select distinct 1 + (f.n * 7 + k * 19 + k * k) % ${packageCount} as id
      from generate_series(1, ${packagesPerImage}) k) drawn) p;
  update image_report r set package_set = (
    select string_agg(set_byte(set_byte('\\x00000000', 0, id % 256), 1, id / 256), '' order by id)
    from unnest(i.package_ids) id)
  from image_packages i where i.manifest_digest = r.manifest_digest`;
