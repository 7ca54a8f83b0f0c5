import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { copyLine, copyRows } from '../src/advisories/feeds/copy-rows.ts';
import type { PackageFacts } from '../src/report/image-facts.ts';
import type { Severity } from '../src/report/severity.ts';
import { matchingVersion } from '../src/scan/matches/matching-version.ts';
import { summarise } from '../src/scan/summaries/summarise.ts';
import { PlacesInOneFile } from './_places-in-one-file.ts';

const packageCount = 6_000;
const packagesPerBase = 250;
const packagesOfOwn = 50;
const baseCount = 500;

interface FilledImage {
  readonly n: number;
  readonly digest: string;
  readonly base: number;
}

/**
 * Packages, what affects them, and a report, a summary and a scan for every image: by the code that writes them in the
 * real server, so that verdicts are real. Of a hundred images one failed, one was cancelled and one was never scanned.
 */
export async function fillReports(client: pg.PoolClient): Promise<void> {
  const facts = await fillPackages(client);
  const bases = Array.from({ length: baseCount }, (_, base) => baseSet(base));
  const shared = new PlacesInOneFile();
  const { rows } = await client.query<FilledImage>(
    `select n, digest, base from fill.m where kind = 'image' order by n`,
  );
  const reports = client.query(
    copyStreams.from(`copy image_report (manifest_digest, inspector_version, outcome, distribution, ecosystems, doubts,
      package_set, places, inspected_at, first_judged_at) from stdin`),
  );
  const summaries: string[] = [];
  const now = new Date();
  const distribution =
    '{"id":"debian","versionId":"12","prettyName":"Debian 12","ecosystem":"Debian","release":"12"}';
  for (const { n, digest, base } of rows) {
    if (n % 100 < 3) continue;
    const outcome = n % 100 === 3 ? 'incomplete' : 'scanned';
    const ids = setOf({ n, base }, bases);
    const { packageSet, places } = await shared.of(ids);
    const line = copyLine([digest, 3, outcome, distribution, ['Debian'], '[]', packageSet, places, now, now]);
    if (!reports.write(line)) await once(reports, 'drain');
    const { knownExploited, ...counts } = summarise(ids.flatMap((id) => facts.get(id) ?? []));
    const { highest, critical, high, medium, low, negligible, unknown, fixable } = counts;
    const severities = [critical, high, medium, low, negligible, unknown];
    summaries.push(copyLine([digest, highest, ...severities, fixable, knownExploited, false, '[]']));
  }
  reports.end();
  await once(reports, 'finish');
  await pipeline(
    Readable.from(packageLines(rows, bases)),
    client.query(copyStreams.from('copy image_packages (manifest_digest, package_ids) from stdin')),
  );
  await copyRows(
    client,
    `image_summary (manifest_digest, highest, critical, high, medium, low, negligible, unknown, fixable,
      known_exploited, undetermined, doubts)`,
    summaries,
  );
  await client.query(`
    insert into image_scan (manifest_digest, category, state, queued_at, started_at, finished_at)
    select digest, 'vulnerabilities', case n % 100 when 0 then 'failed' when 1 then 'cancelled' when 3 then 'incomplete'
      else 'scanned' end, now(), now(), now()
    from fill.m where kind = 'image' and n % 100 <> 2;
    insert into image_report (manifest_digest, inspector_version, outcome, ecosystems, doubts, package_set, places,
      inspected_at, first_judged_at)
    select digest, 3, 'unsupported', '{}', '[]', '', '', now(), now() from fill.m where kind = 'artifact';
    insert into image_packages (manifest_digest, package_ids) select digest, '{}' from fill.m where kind = 'artifact';
    insert into image_summary (manifest_digest) select digest from fill.m where kind = 'artifact';
    insert into image_scan (manifest_digest, category, state, finished_at)
    select digest, 'vulnerabilities', 'unsupported', now() from fill.m where kind = 'artifact'`);
}

/** Every fourth package has one to seven vulnerabilities. Returns what the server would read of them. */
async function fillPackages(client: pg.PoolClient): Promise<ReadonlyMap<number, PackageFacts>> {
  await client.query(`
    insert into package (ecosystem, release, name, version, source_name, source_version, module, matched_at,
      matching_version)
    select 'Debian', '12', 'lib' || n, '1.' || n % 9 || '-1', 'source' || n / 2, '1.' || n % 9 || '-1', '', now(),
      ${matchingVersion}
    from generate_series(1, ${packageCount}) n order by n;
    insert into match_detail (vulnerability_id, advisory_id, status, aliases, severity, fixed_version, fix_state)
    select 'CVE-2025-' || lpad(((n * 13 + v * 997) % 9000)::text, 4, '0'), 'DEBIAN-CVE-' || n || '-' || v, 'affected',
      array['GHSA-' || ((n * 13 + v * 997) % 9000)],
      case when n % 80 = 0 and v = 1 then 'critical' when n % 20 = 0 and v = 1 then 'high' when v % 3 = 0 then 'medium'
        when v % 3 = 1 then 'low' else 'negligible' end,
      case when (n + v) % 3 > 0 then '2.0-1' end, case when (n + v) % 3 > 0 then 'fixed' else 'not-fixed' end
    from generate_series(4, ${packageCount}, 4) n cross join lateral generate_series(1, 1 + n % 7) v;
    insert into stored_match (package_id, detail_id)
    select n, d.id from generate_series(4, ${packageCount}, 4) n cross join lateral generate_series(1, 1 + n % 7) v
    join match_detail d on d.advisory_id = 'DEBIAN-CVE-' || n || '-' || v;
    insert into known_exploited (cve, added_on, ransomware, details)
    select 'CVE-2025-' || lpad((n * 150)::text, 4, '0'), date '2026-01-01', false, '{}' from generate_series(1, 20) n;
    insert into epss (cve, probability, percentile)
    select 'CVE-2025-' || lpad(n::text, 4, '0'), (n % 100) / 100.0, 0.5 from generate_series(0, 8999) n;
    analyze package, stored_match, match_detail`);
  const { rows } = await client.query<{
    id: number;
    severity: Severity;
    fixed: string | null;
    exploited: boolean;
  }>(`
    select m.package_id as id, m.severity, m.fixed_version as fixed,
      exists (select from known_exploited k where k.cve = m.vulnerability_id) as exploited
    from package_match m`);
  const found = Map.groupBy(rows, ({ id }) => id);
  return new Map(
    [...found].map(([packageId, own]) => [
      packageId,
      {
        packageId,
        ecosystem: 'Debian',
        name: `lib${packageId}`,
        version: '1.0-1',
        vulnerabilities: own.map(({ severity, fixed, exploited }, index) => ({
          packageId,
          id: `${packageId}-${index}`,
          aliases: [],
          record: '',
          severity,
          ...(fixed === null ? {} : { fixedVersion: fixed }),
          fixState: fixed === null ? ('not-fixed' as const) : ('fixed' as const),
          knownExploited: exploited,
          firstSeenAt: new Date(),
          undetermined: false,
        })),
      },
    ]),
  );
}

function* packageLines(
  rows: readonly FilledImage[],
  bases: readonly (readonly number[])[],
): Iterable<string> {
  for (const row of rows) if (row.n % 100 >= 3) yield copyLine([row.digest, setOf(row, bases).map(String)]);
}

/** Of an image, in ascending order. */
function setOf(
  image: Pick<FilledImage, 'n' | 'base'>,
  bases: readonly (readonly number[])[],
): readonly number[] {
  const ids = new Set([...(bases[image.base] ?? []), ...ownSet(image.n)]);
  return [...ids].sort((a, b) => a - b);
}

/** Every third base has nothing that is affected severely, as base images that are kept up to date. */
function baseSet(base: number): readonly number[] {
  const step = base % 3 === 0 ? 2 : 1;
  return Array.from(
    { length: packagesPerBase },
    (_, index) => 1 + ((base * 97 + index * step * 2) % (packageCount - 1)),
  )
    .map((id) => (base % 3 === 0 ? id | 1 : id))
    .filter((id) => id <= packageCount);
}

function ownSet(image: number): readonly number[] {
  return Array.from({ length: packagesOfOwn }, (_, index) => {
    const id = 1 + ((image * 131 + index * 613) % packageCount);
    return image % 3 === 0 ? Math.max(1, (id | 1) % packageCount) : id;
  });
}
