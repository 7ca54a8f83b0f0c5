import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import { readFeedKnowledge } from '../src/advisories/feed-doubts.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { inspectorVersion } from '../src/inspection/inventory/inspector-version.ts';
import { matchingVersion } from '../src/scan/matches/matching-version.ts';
import { PackageCounts } from '../src/scan/matches/package-counts.ts';
import { encodeColumns, placesOf, type StoredPlace } from '../src/scan/reports/image-places.ts';
import { packSorted } from '../src/scan/reports/packed-ids.ts';
import { noteDoubtsPass, readDoubtsNow } from '../src/scan/summaries/doubts-pass.ts';
import { versionDoubts } from '../src/scan/summaries/image-doubts.ts';
import { SettledDoubts } from '../src/scan/summaries/settled-doubts.ts';
import { summaryRow } from '../src/scan/write-report.ts';
import { BinaryRows, type BinaryValue } from './_binary-rows.ts';
import { type DrawnImage, DrawnImages, packagesPerImage } from './_drawn-images.ts';
import { dropSecondaryIndexes } from './_secondary-indexes.ts';
import { printTableSizes } from './_table-sizes.ts';

const imagesPerRepository = 100;
/** Images that share their base layer are so many times as few. */
const baseCount = 500;
/** Where packages lie is as various as in real images, and shared: nobody reads it here. */
const distinctPlaces = 200;
const imagesPerTurnOver = 5_000;
/** So many are made while others are on their way. */
const imagesPerTurn = 20;
/** Every COPY leaves some room behind its rows: those of small tables wait for one another. */
const copyBytesMin = 16e6;
const feedAgeMaxDays = 5;

/** What the measurement asks for. */
export const names = {
  pulled: 'pulled',
  gated: 'gated',
  flips: 'flips',
  tag: '1',
  flipPackage: { ecosystem: 'PyPI', name: 'pratique-bench-flips', version: '1.0.0' },
} as const;

const columns = {
  manifest: ['digest', 'media_type', 'kind', 'config_digest', 'size_bytes', 'image_size_bytes', 'content'],
  manifest_blob: ['manifest_digest', 'position', 'blob_digest', 'media_type', 'size_bytes'],
  blob: ['digest', 'size_bytes', 'storage_key'],
  repository_blob: ['repository_id', 'digest'],
  repository_manifest: ['repository_id', 'manifest_digest', 'pushed_by'],
  tag: ['repository_id', 'name', 'manifest_digest'],
  image_report: [
    ...[
      'manifest_digest',
      'inspector_version',
      'outcome',
      'distribution',
      'ecosystems',
      'doubts',
      'package_set',
    ],
    ...['places', 'inspected_at', 'first_judged_at'],
  ],
  image_packages: ['manifest_digest', 'package_ids'],
  image_summary: [
    ...[
      'manifest_digest',
      'highest',
      'critical',
      'high',
      'medium',
      'low',
      'negligible',
      'unknown',
      'fixable',
    ],
    ...['known_exploited', 'undetermined', 'doubts'],
  ],
  image_scan: ['manifest_digest', 'category', 'state', 'layers_total', 'layers_done', 'finished_at'],
} as const;
type Table = keyof typeof columns;
const tables = Object.keys(columns) as readonly Table[]; // the keys of the object above

/** Images of the packages that are there, written as pushes, scans and a pass over all summaries leave them. */
export async function fillImages(connection: DatabaseConnection, count: number): Promise<void> {
  const client = await connection.pool.connect();
  try {
    // The rows are sound by the way they are made; those of tables that are truncated in the same transaction need no log.
    await client.query('begin; set local session_replication_role = replica');
    await client.query(`truncate ${tables.join(', ')} cascade`);
    await fillNamespaces(client, count);
    const secondary = await dropSecondaryIndexes(client, tables);
    const judging = { now: new Date(), feedAgeMaxDays };
    const summaries = {
      counts: await PackageCounts.read(client),
      settled: new SettledDoubts(await readFeedKnowledge(connection.db), judging),
    };
    await fillReports(client, count, await ImageRows.of(client, summaries));
    await client.query('commit');
    // That of the sets takes longer than all others together.
    const [sets, others] = [secondary.filter(isOfSets), secondary.filter((one) => !isOfSets(one))];
    await Promise.all([
      inTurn(sets, (definition) => client.query(definition)),
      inTurn(others, (definition) => connection.pool.query(definition)),
    ]);
    const { knowledge } = await readDoubtsNow(connection.db, await readFeedKnowledge(connection.db), judging);
    await noteDoubtsPass(connection.db, knowledge);
    await printTableSizes(connection, tables, count);
  } finally {
    client.release(true);
  }
}

function isOfSets(definition: string): boolean {
  return definition.includes(' ON public.image_packages ');
}

async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (const item of items) await work(item);
}

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

async function fillReports(client: pg.ClientBase, count: number, first: ImageRows): Promise<void> {
  const places = await somePlaces(client);
  const drawing = await DrawnImages.of(client, 7);
  let [rows, other] = [first, await first.another(client)];
  let sending = Promise.resolve();
  for (let index = 0; index < count; index += 1) {
    rows.add(drawing.next(), {
      index,
      repository: 1 + Math.floor(index / imagesPerRepository),
      tag: String(1 + (index % imagesPerRepository)),
      columns: places[index % places.length] ?? Buffer.alloc(0),
    });
    if (index % imagesPerTurn === 0) await setImmediate();
    if (index % imagesPerTurnOver < imagesPerTurnOver - 1) continue;
    await sending;
    sending = rows.send(client, copyBytesMin);
    [rows, other] = [other, rows];
  }
  await sending;
  rows.add(await flippingImage(client), {
    index: count,
    repository: 1 + Math.ceil(count / imagesPerRepository),
    tag: names.tag,
    columns: places[0] ?? Buffer.alloc(0),
  });
  await rows.send(client, 0);
  await other.send(client, 0);
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
    ids: Uint32Array.from(rows.map(({ id }) => id)).sort(),
    distribution: null,
    ecosystems: [...new Set(rows.map((row) => row.ecosystem))].sort(),
  };
}

/** Where the packages of drawn images would lie, for any image of as many. */
async function somePlaces(client: pg.ClientBase): Promise<readonly Buffer[]> {
  const drawing = await DrawnImages.of(client, 11);
  const licenses = ['MIT', 'MIT', 'MIT', 'Apache-2.0', 'BSD-3-Clause', 'ISC'];
  const encoded: Buffer[] = [];
  for (let count = 0; count < distinctPlaces; count += 1) {
    const { rows } = await client.query<{ id: number; name: string; version: string; isOfLanguage: boolean }>(
      `select id, name, version, release = '' as "isOfLanguage" from package where id = any($1::int[])`,
      [[...drawing.next().ids]],
    );
    encoded.push(
      await encodeColumns(
        rows.map(({ id, name, version, isOfLanguage }): StoredPlace => {
          const own = { ecosystem: '', release: '', name, version, sourceName: name, sourceVersion: version };
          const layerIndex = isOfLanguage ? 1 : 0;
          const layerDigest = digestOf(`layer ${count} ${isOfLanguage}`);
          const createdBy = isOfLanguage
            ? `RUN /bin/sh -c install service-${count} # buildkit`
            : 'ADD rootfs.tar.xz / # buildkit';
          const path = isOfLanguage ? `usr/lib/${name}-${version}/METADATA` : 'var/lib/dpkg/status';
          return {
            package: { ...own, module: '' },
            packageId: id,
            ownedByDistribution: false,
            place: { layerDigest, layerIndex, path, createdBy },
            ...(isOfLanguage
              ? { license: licenses[id % licenses.length] ?? '' }
              : { architectures: ['amd64'] }),
          };
        }),
      ),
    );
  }
  return encoded;
}

interface Summaries {
  readonly counts: PackageCounts;
  readonly settled: SettledDoubts;
}

/** The rows of some images, until they are sent. */
class ImageRows {
  readonly #rows: Readonly<Record<Table, BinaryRows>>;
  readonly #summaries: Summaries;
  readonly #at = new Date();

  private constructor(rows: Readonly<Record<Table, BinaryRows>>, summaries: Summaries) {
    this.#rows = rows;
    this.#summaries = summaries;
  }

  static async of(client: pg.ClientBase, summaries: Summaries): Promise<ImageRows> {
    const rows: Partial<Record<Table, BinaryRows>> = {};
    for (const table of tables) rows[table] = await BinaryRows.of(client, table, columns[table]);
    return new ImageRows(rows as Record<Table, BinaryRows>, summaries); // all tables have theirs now
  }

  another(client: pg.ClientBase): Promise<ImageRows> {
    return ImageRows.of(client, this.#summaries);
  }

  /** Tables with fewer bytes keep theirs. */
  async send(client: pg.ClientBase, bytesMin: number): Promise<void> {
    for (const table of tables)
      if (this.#rows[table].byteCount >= bytesMin) await this.#rows[table].send(client);
  }

  add(
    image: DrawnImage,
    {
      index,
      repository,
      tag,
      columns: placeColumns,
    }: {
      readonly index: number;
      readonly repository: number;
      readonly tag: string;
      readonly columns: Buffer;
    },
  ): void {
    const digest = this.#addManifest(index, repository);
    this.#rows.repository_manifest.add(repository, digest, 'ci');
    this.#rows.tag.add(repository, tag, digest);
    this.#rows.image_packages.add(digest, image.ids);
    this.#rows.image_scan.add(digest, 'vulnerabilities', 'scanned', 2, 2, this.#at);
    const { packageSet, places } = placesOf(packSorted(image.ids), placeColumns);
    this.#rows.image_report.add(
      ...[
        digest,
        inspectorVersion,
        'scanned',
        image.distribution,
        image.ecosystems,
        '[]',
        packageSet,
        places,
      ],
      ...[this.#at, this.#at],
    );
    this.#rows.image_summary.add(...this.#summaryOf(digest, image));
  }

  /** Returns its digest. */
  #addManifest(index: number, repository: number): string {
    const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const blobs = [
      {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(`config ${index}`),
        size: 1_500,
      },
      { mediaType: layer, digest: digestOf(`base ${index % baseCount}`), size: 40_000_000 },
      { mediaType: layer, digest: digestOf(`own ${index}`), size: 10_000_000 },
    ];
    const [config, ...layers] = blobs;
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const content = JSON.stringify({ schemaVersion: 2, mediaType, config, layers });
    const digest = digestOf(content);
    const imageBytes = blobs.reduce((sum, { size }) => sum + size, 0);
    this.#rows.manifest.add(
      ...[digest, mediaType, 'image', config?.digest ?? '', content.length, imageBytes, Buffer.from(content)],
    );
    for (const [position, blob] of blobs.entries()) {
      this.#rows.manifest_blob.add(digest, position, blob.digest, blob.mediaType, blob.size);
      // A base is stored with the first image of it.
      if (position !== 1 || index < baseCount)
        this.#rows.blob.add(blob.digest, blob.size, `blobs/${blob.digest.slice(7)}`);
      this.#rows.repository_blob.add(repository, blob.digest);
    }
    return digest;
  }

  #summaryOf(digest: string, { ids, distribution, ecosystems }: DrawnImage): readonly BinaryValue[] {
    const { counts, unsure } = this.#summaries.counts.sum([...ids]);
    const doubts = this.#summaries.settled.of({
      isUnsupported: false,
      distribution,
      ecosystems: JSON.stringify(ecosystems),
      own: '[]',
      newestAtMs: null,
    });
    const row = summaryRow(digest, counts, [...doubts, ...versionDoubts(unsure)]);
    return columns.image_summary.map((column) => row[column]);
  }
}

function digestOf(text: string): string {
  return `sha256:${hash('sha256', text)}`;
}
