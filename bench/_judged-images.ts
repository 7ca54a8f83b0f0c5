import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { type CopyValue, copyLine, copyRows } from '../src/advisories/feeds/copy-rows.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { inspectorVersion } from '../src/inspection/inventory/inspector-version.ts';
import type { Package } from '../src/report/package.ts';
import { matchingVersion } from '../src/scan/matches/matching-version.ts';
import { encodeColumns, placesOf, type StoredPlace } from '../src/scan/reports/image-places.ts';
import { packIds } from '../src/scan/reports/packed-ids.ts';
import { refreshSummaries } from '../src/scan/summaries/refresh-summaries.ts';
import { dropSecondaryIndexes } from './_secondary-indexes.ts';

const packagesPerImage = 300;
/** Of the distribution; the others are of two languages. */
const distributionPackages = 200;
const imagesPerRepository = 100;
/** A release of fewer packages is no base of images. */
const releasePackagesMin = 400;
/** Places of packages are as large as real ones, and shared: nobody reads them here. */
const distinctPlaces = 200;

/** What the measurement asks for. */
export const names = {
  pulled: 'pulled',
  gated: 'gated',
  flips: 'flips',
  tag: '1',
  flipPackage: { ecosystem: 'PyPI', name: 'pratique-bench-flips', version: '1.0.0' },
} as const;

interface Release {
  readonly ecosystem: string;
  readonly release: string;
  readonly ids: readonly number[];
}

/** Images of the packages that are there, written as pushes and scans leave them; their summaries by the real pass. */
export async function fillImages(connection: DatabaseConnection, count: number): Promise<void> {
  const client = await connection.pool.connect();
  try {
    // The rows are sound by the way they are made.
    await client.query('set session_replication_role = replica');
    await fillNamespaces(client, count);
    const secondary = await dropSecondaryIndexes(client, tables);
    await fillReports(client, count);
    for (const definition of secondary) await client.query(definition);
    await client.query('analyze');
  } finally {
    client.release(true);
  }
  const { rows } = await connection.pool.query<{ id: number }>('select id from package');
  await refreshSummaries(connection, new Map(rows.map(({ id }) => [id, []])), { now: new Date() });
}

const columns = {
  manifest: 'digest, media_type, kind, config_digest, size_bytes, image_size_bytes, content',
  manifest_blob: 'manifest_digest, position, blob_digest, media_type, size_bytes',
  blob: 'digest, size_bytes, storage_key',
  repository_blob: 'repository_id, digest',
  repository_manifest: 'repository_id, manifest_digest, pushed_by',
  tag: 'repository_id, name, manifest_digest',
  image_report:
    'manifest_digest, inspector_version, outcome, distribution, ecosystems, doubts, package_set, places, newest_file_at, inspected_at, first_judged_at',
  image_packages: 'manifest_digest, package_ids',
  image_summary: 'manifest_digest',
  image_scan: 'manifest_digest, category, state, layers_total, layers_done, finished_at',
} as const;
type Table = keyof typeof columns;
const tables = Object.keys(columns) as readonly Table[]; // the keys of the object above

/** In one namespace everything may be pulled; the policy of the other blocks. */
async function fillNamespaces(client: pg.ClientBase, count: number): Promise<void> {
  await client.query(
    `insert into namespace (name, is_public, auto_scan, policy) values
       ($1, false, true, '{"mode":"observe"}'), ($2, false, true, '{"mode":"enforce","minSeverity":"low"}')`,
    [names.pulled, names.gated],
  );
  await client.query(
    `insert into repository (namespace_id, name) select 1, 'service-' || n from generate_series(1, $1::int) n`,
    [Math.ceil(count / imagesPerRepository)],
  );
  await client.query('insert into repository (namespace_id, name) values (2, $1)', [names.flips]);
}

async function fillReports(client: pg.ClientBase, count: number): Promise<void> {
  const drawing = await readDrawing(client);
  const places = await somePlaces(client, drawing);
  const random = mulberry32(7);
  let rows = new Map<Table, string[]>();
  for (let index = 0; index < count; index += 1) {
    const image = drawing.image(random);
    addRows(rows, {
      index,
      repository: 1 + Math.floor(index / imagesPerRepository),
      tag: String(1 + (index % imagesPerRepository)),
      columns: places[index % places.length] ?? Buffer.alloc(0),
      ...image,
    });
    if (index % 5_000 < 4_999) continue;
    await flush(client, rows);
    rows = new Map();
  }
  addRows(rows, {
    index: count,
    repository: 1 + Math.ceil(count / imagesPerRepository),
    tag: names.tag,
    columns: places[0] ?? Buffer.alloc(0),
    ...(await flippingImage(client)),
  });
  await flush(client, rows);
}

/** An image of packages that nothing stands against, of an ecosystem that no delta changes, and one that the delta will name. */
async function flippingImage(client: pg.ClientBase): Promise<DrawnImage> {
  const { ecosystem, name, version } = names.flipPackage;
  await client.query(
    `insert into package (ecosystem, release, name, version, source_name, source_version, module, matched_at,
       matching_version) values ($1, '', $2, $3, $2, $3, '', now(), $4)`,
    [ecosystem, name, version, matchingVersion],
  );
  const { rows } = await client.query<{ id: number; ecosystem: string }>(
    `select id, ecosystem from package p where name = $1 or ecosystem = 'Maven'
       and not exists (select from package_count c where c.package_id = p.id)
     order by name = $1 desc, id limit $2`,
    [name, packagesPerImage],
  );
  return {
    ids: rows.map(({ id }) => id),
    distribution: null,
    ecosystems: [...new Set(rows.map((row) => row.ecosystem))].sort(),
  };
}

interface DrawnImage {
  readonly ids: readonly number[];
  readonly distribution: string | null;
  readonly ecosystems: readonly string[];
}

interface Drawing {
  image(random: () => number): DrawnImage;
}

/** An image has packages of one release of a distribution and of two languages. */
async function readDrawing(client: pg.ClientBase): Promise<Drawing> {
  const { rows } = await client.query<{ ecosystem: string; release: string; ids: number[] }>(
    `select ecosystem, release, array_agg(id order by id) as ids from package group by 1, 2 order by 1, 2`,
  );
  const isDistribution = (one: Release) => one.release !== '' && !one.release.includes('/');
  const releases = rows.filter((one) => isDistribution(one) && one.ids.length >= releasePackagesMin);
  const languages = rows.filter((one) => !isDistribution(one) && one.ids.length >= releasePackagesMin);
  const draw = <T>(random: () => number, from: readonly T[]): T => {
    const drawn = from[Math.floor(random() * from.length)];
    if (drawn === undefined) throw new Error('Cannot draw: there must be packages, got none');
    return drawn;
  };
  const add = (ids: Set<number>, random: () => number, from: Release, count: number) => {
    for (const target = ids.size + count; ids.size < target; ) ids.add(draw(random, from.ids));
  };
  return {
    image: (random) => {
      const release = draw(random, releases);
      const first = draw(random, languages);
      const second = draw(random, languages);
      const ids = new Set<number>();
      add(ids, random, release, distributionPackages);
      add(ids, random, first, (packagesPerImage - distributionPackages) / 2);
      add(ids, random, second, (packagesPerImage - distributionPackages) / 2);
      const { ecosystem } = release;
      const distribution = {
        id: ecosystem.toLowerCase(),
        versionId: release.release,
        prettyName: `${ecosystem} ${release.release}`,
        ecosystem,
        release: release.release,
      };
      return {
        ids: [...ids],
        distribution: JSON.stringify(distribution),
        ecosystems: [...new Set([ecosystem, first.ecosystem, second.ecosystem])].sort(),
      };
    },
  };
}

/** As a scan stores where packages lie. */
async function somePlaces(client: pg.ClientBase, drawing: Drawing): Promise<readonly Buffer[]> {
  const random = mulberry32(11);
  const encoded: Buffer[] = [];
  for (let count = 0; count < distinctPlaces; count += 1) {
    const { rows } = await client.query<Package & { readonly id: number }>(
      `select id, ecosystem, release, name, version, source_name as "sourceName", source_version as "sourceVersion", module
       from package where id = any($1::int[])`,
      [drawing.image(random).ids],
    );
    encoded.push(
      await encodeColumns(
        rows.map(({ id, ...own }): StoredPlace => {
          const isOfLanguage = own.release === '';
          return {
            package: own,
            packageId: id,
            ownedByDistribution: false,
            place: {
              layerDigest: digestOf(`layer ${count} ${isOfLanguage}`),
              layerIndex: isOfLanguage ? 1 : 0,
              path: isOfLanguage ? `usr/lib/${own.name}-${own.version}/METADATA` : 'var/lib/dpkg/status',
            },
          };
        }),
      ),
    );
  }
  return encoded;
}

function addRows(
  rows: Map<Table, string[]>,
  image: DrawnImage & {
    readonly index: number;
    readonly repository: number;
    readonly tag: string;
    readonly columns: Buffer;
  },
): void {
  const add = (table: Table, values: readonly CopyValue[]) => {
    const own = rows.get(table) ?? [];
    own.push(copyLine(values));
    rows.set(table, own);
  };
  const { index, repository } = image;
  const [config, base, own] = [`config ${index}`, `base ${index % 500}`, `own ${index}`].map(digestOf);
  const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const blobs = [
    { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config ?? '', size: 1_500 },
    { mediaType: layer, digest: base ?? '', size: 40_000_000 },
    { mediaType: layer, digest: own ?? '', size: 10_000_000 },
  ];
  const [first, ...layers] = blobs;
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: first, layers }));
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const at = new Date();
  add('manifest', [digest, mediaType, 'image', config, content.length, 50_001_500, content]);
  for (const [position, blob] of blobs.entries()) {
    add('manifest_blob', [digest, position, blob.digest, blob.mediaType, blob.size]);
    // A base is stored with the first image of it.
    if (position !== 1 || index < 500) add('blob', [blob.digest, blob.size, `blobs/${blob.digest.slice(7)}`]);
    add('repository_blob', [repository, blob.digest]);
  }
  add('repository_manifest', [repository, digest, 'ci']);
  add('tag', [repository, image.tag, digest]);
  const { packageSet, places } = placesOf(packIds(image.ids), image.columns);
  add('image_report', [
    digest,
    inspectorVersion,
    'scanned',
    image.distribution,
    image.ecosystems,
    '[]',
    packageSet,
    places,
    null,
    at,
    at,
  ]);
  add('image_packages', [digest, image.ids.toSorted((a, b) => a - b).map(String)]);
  add('image_summary', [digest]);
  add('image_scan', [digest, 'vulnerabilities', 'scanned', 2, 2, at]);
}

async function flush(client: pg.ClientBase, rows: ReadonlyMap<Table, readonly string[]>): Promise<void> {
  for (const table of tables) {
    const lines = [...new Set(rows.get(table) ?? [])];
    if (table !== 'image_report' && table !== 'image_packages') {
      await copyRows(client, `${table} (${columns[table]})`, lines);
      continue;
    }
    // Too long for one string.
    const stream = client.query(copyStreams.from(`copy ${table} (${columns[table]}) from stdin`));
    for (const line of lines) if (!stream.write(line)) await once(stream, 'drain');
    stream.end();
    await once(stream, 'finish');
  }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** A small generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
