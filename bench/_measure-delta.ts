import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { connectDatabase } from '../src/database/connect.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { writeDelta, writeUnheldDelta } from './_advisory-delta.ts';
import { takeAsCurrent } from './_current-folder.ts';
import { names } from './_judged-images.ts';
import { type ServedFolder, serveDataFolder } from './_large-catalog-server.ts';
import type { PullOrder, PullTimes } from './_paced-pulls.ts';
import type { BenchLine } from './bench-line.ts';

type Figure = Omit<BenchLine, 'bench'>;

const deltaRecords = 1_000;
/** Popular images; each has thousands of findings, and its facts are read again every 2.5 s at the latest. */
const pulledImages = 5;
const pullEveryMs = 40;
const beforeMs = 10_000;
const lookEveryMs = 10;
const patienceMs = 600_000;

/** What the server does with a delta, on a data folder that `judge-again` has filled. */
export async function measureDelta(folder: string, shared: string): Promise<readonly Figure[]> {
  const root = join(folder, 'delta');
  await takeAsCurrent(folder);
  const server = await serveDataFolder(folder, {
    PRATIQUE_ADVISORIES: `file:${root}`,
    PRATIQUE_KEV: `file:${join(shared, 'kev', 'known_exploited_vulnerabilities.json')}`,
    PRATIQUE_EPSS: `file:${join(shared, 'epss', 'epss_scores-2026-08-16.csv.gz')}`,
  });
  // Beside the running server, as a command of its own would be.
  const guest = await startEmbeddedServer({ dataFolder: folder, role: 'guest' });
  const connection = connectDatabase({ ...guest.config, max: 2 });
  try {
    // EPSS and KEV of a folder that was filled just now are read first, and the last delta is undone as a whole.
    await writeDelta(connection, root, { count: deltaRecords, at: new Date() });
    await follow(server, connection);
    await vacuumWritten(connection);
    const figures: Figure[] = [];
    const pulls = await startPulls(server, connection);
    try {
      figures.push(...(await measureHeld(server, { connection, root, pulls })));
    } finally {
      await pulls.stop();
    }
    figures.push(...(await measureUnheld(server, { connection, root })));
    return [...figures, ...(await measureRoom(server, connection))];
  } finally {
    await connection.close();
    await guest.stop();
    await server.close();
  }
}

/** What autovacuum does within a minute: folders were filled or migrated by an older version just now. A million images take minutes, once. */
async function vacuumWritten({ pool }: DatabaseConnection): Promise<void> {
  await sleep(1_500); // PostgreSQL's sessions tell what they did once a second at most
  const { rows } = await pool.query<{ table: string }>(
    `select relid::regclass::text as table from pg_stat_user_tables
     where n_dead_tup + n_mod_since_analyze + n_ins_since_vacuum > 0`,
  );
  if (rows.length > 0) await pool.query(`vacuum (analyze) ${rows.map(({ table }) => table).join(', ')}`);
}

interface Measured {
  readonly connection: DatabaseConnection;
  readonly root: string;
}

async function measureHeld(
  server: ServedFolder,
  { connection, root, pulls }: Measured & { readonly pulls: Pulls },
): Promise<readonly Figure[]> {
  await writeDelta(connection, root, { count: deltaRecords, at: new Date() });
  await sleep(2_000);
  await pulls.times();
  const readBefore = await blobReads(server);
  await sleep(beforeMs);
  const before = await pulls.times();
  const cpuBeforeMs = server.cpuMs();
  const followed = await follow(server, connection);
  const during = await pulls.times();
  const cpuMs = server.cpuMs() - cpuBeforeMs;
  return [
    { figure: 'delta-to-verdict', value: followed.toVerdictMs / 1_000, unit: 's' },
    { figure: 'delta-to-summaries', value: followed.toEndMs / 1_000, unit: 's' },
    { figure: 'delta-cpu', value: (cpuMs + followed.childCpuMs) / 1_000, unit: 's' },
    { figure: 'packages-matched', value: followed.packages, unit: 'packages' },
    { figure: 'matches-added', value: followed.added, unit: 'matches' },
    { figure: 'matches-removed', value: followed.removed, unit: 'matches' },
    { figure: 'images-touched-most', value: followed.images, unit: 'images' },
    { figure: 'pull-p50-before', value: before.p50Ms, unit: 'ms' },
    { figure: 'pull-p99-before', value: before.p99Ms, unit: 'ms' },
    { figure: 'pull-p50-during', value: during.p50Ms, unit: 'ms' },
    {
      figure: 'pull-p99-during',
      value: during.p99Ms,
      unit: 'ms',
      against: 'before',
      ratio: during.p99Ms / before.p99Ms,
    },
    { figure: 'pull-failures', value: before.failures + during.failures, unit: 'pulls' },
    { figure: 'blobs-read', value: (await blobReads(server)) - readBefore, unit: 'blobs' },
    { figure: 'sync-peak-rss', value: followed.childPeakMib, unit: 'MiB' },
  ];
}

async function measureUnheld(
  server: ServedFolder,
  { connection, root }: Measured,
): Promise<readonly Figure[]> {
  await writeUnheldDelta(connection, root, { count: 100, at: new Date() });
  const before = await rowsRead(connection);
  const cpuBeforeMs = server.cpuMs();
  const followed = await follow(server, connection, { flips: false });
  return [
    { figure: 'unheld-delta', value: followed.toEndMs / 1_000, unit: 's' },
    { figure: 'unheld-cpu', value: (server.cpuMs() - cpuBeforeMs + followed.childCpuMs) / 1_000, unit: 's' },
    { figure: 'unheld-packages-matched', value: followed.packages, unit: 'packages' },
    { figure: 'unheld-images-read', value: (await rowsRead(connection)) - before, unit: 'rows' },
  ];
}

async function measureRoom(server: ServedFolder, { pool }: DatabaseConnection): Promise<readonly Figure[]> {
  const { rows } = await pool.query<{ bytes: number }>(
    'select pg_database_size(current_database()) as bytes',
  );
  return [
    { figure: 'database', value: (rows[0]?.bytes ?? 0) / 1e9, unit: 'GB' },
    { figure: 'server-peak-rss', value: server.peakMib(), unit: 'MiB' },
  ];
}

interface Followed {
  readonly toVerdictMs: number;
  readonly toEndMs: number;
  readonly packages: number;
  readonly added: number;
  readonly removed: number;
  readonly images: number;
  readonly childPeakMib: number;
  readonly childCpuMs: number;
}

/** Asks for a synchronisation and waits for its end, and before for the other verdict. */
async function follow(
  server: ServedFolder,
  { pool }: DatabaseConnection,
  { flips = true }: { readonly flips?: boolean } = {},
): Promise<Followed> {
  const updates = async () =>
    (
      await pool.query<
        Omit<Followed, 'toVerdictMs' | 'toEndMs'> & { count: number; open: number; last: number }
      >(
        `select count(*)::int as count, count(*) filter (where matched_at is null)::int as open,
           coalesce(max(id), 0) as last, coalesce(sum(packages_matched), 0)::int as packages,
           coalesce(sum(findings_added), 0)::int as added, coalesce(sum(findings_removed), 0)::int as removed,
           coalesce(max(images_touched), 0)::int as images
         from feed_update where id > $1 and outcome = 'applied'`,
        [startId],
      )
    ).rows[0];
  let startId = 0;
  startId = (await updates())?.last ?? 0;
  const first = await verdictStatus(server);
  const startedMs = performance.now();
  const asked = await fetch(`${server.url}/api/v1/advisories/sync`, {
    method: 'POST',
    headers: { authorization: server.admin },
  });
  if (!asked.ok) throw new Error(`Cannot synchronise: got ${asked.status} ${await asked.text()}`);
  let toVerdictMs = Number.NaN;
  let nextLookMs = 0;
  for (;;) {
    const nowMs = performance.now();
    if (nowMs - startedMs > patienceMs) throw new Error('Cannot measure: the delta was not followed');
    if (flips && Number.isNaN(toVerdictMs) && (await verdictStatus(server)) !== first)
      toVerdictMs = performance.now() - startedMs;
    server.lookAtChildren();
    if (nowMs > nextLookMs) {
      nextLookMs = nowMs + 50;
      const seen = await updates();
      if (seen !== undefined && seen.count > 0 && seen.open === 0 && !(flips && Number.isNaN(toVerdictMs)))
        return { ...seen, toVerdictMs, toEndMs: performance.now() - startedMs, ...server.children() };
    }
    await sleep(lookEveryMs);
  }
}

async function verdictStatus(server: ServedFolder): Promise<number> {
  const answer = await fetch(`${server.url}/v2/${names.gated}/${names.flips}/manifests/${names.tag}`, {
    headers: { authorization: server.admin, accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Layers and configs that scans have read. */
async function blobReads(server: ServedFolder): Promise<number> {
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: server.admin } });
  const text = await answer.text();
  if (!text.includes('pratique_scan_blob_reads_total'))
    throw new Error(
      `Cannot read the metric of blobs that scans read: got ${answer.status} ${text.slice(0, 200)}`,
    );
  return Number(/^pratique_scan_blob_reads_total (\d+)/m.exec(text)?.[1] ?? 0);
}

/** Of the table with the packed sets, by every statement so far. */
async function rowsRead({ pool }: DatabaseConnection): Promise<number> {
  await sleep(1_500); // PostgreSQL's sessions tell what they did once a second at most
  const { rows } = await pool.query<{ read: number }>(
    `select seq_tup_read + coalesce(idx_tup_fetch, 0) as read from pg_stat_user_tables where relname = 'image_report'`,
  );
  return rows[0]?.read ?? 0;
}

interface Pulls {
  /** Since the last call. */
  times(): Promise<PullTimes>;
  stop(): Promise<unknown>;
}

async function startPulls(server: ServedFolder, { pool }: DatabaseConnection): Promise<Pulls> {
  const { rows } = await pool.query<{ repository: string; digest: string }>(
    `select r.name as repository, rm.manifest_digest as digest from repository_manifest rm
     join repository r on r.id = rm.repository_id where r.namespace_id = 1 order by rm.id limit $1`,
    [pulledImages],
  );
  const order: PullOrder = {
    url: server.url,
    authorization: server.admin,
    paths: rows.map(({ repository, digest }) => `/v2/${names.pulled}/${repository}/manifests/${digest}`),
    everyMs: pullEveryMs,
  };
  const worker = new Worker(new URL('_paced-pulls.ts', import.meta.url), { workerData: order });
  return {
    times: async () => {
      worker.postMessage('times');
      const [times] = await once(worker, 'message');
      return times as PullTimes; // sent by _paced-pulls.ts
    },
    stop: () => worker.terminate(),
  };
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
