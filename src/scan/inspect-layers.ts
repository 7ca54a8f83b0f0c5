import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Database } from '../database/database.ts';
import type { Image, ImageLayer } from '../image/image.ts';
import { inspectLayer } from '../image/inspect-layer.ts';
import type { LayerProbe } from '../image/layer-probe.ts';
import type { LayerReport } from '../image/layer-report.ts';
import type { Found } from '../inventory/found.ts';
import { inspectorVersion } from '../inventory/inspector-version.ts';
import { inventoryProbe } from '../inventory/layer-probe.ts';
import { layerClaimOf } from '../oci/media-types.ts';
import type { SecretHit } from '../report/secret.ts';
import { secretProbe } from '../secrets/file-secrets.ts';

export interface ScanProgress {
  readonly layersTotal: number;
  readonly layersDone: number;
  /** Of those done, the ones that were read and not taken from an earlier inspection. */
  readonly layersRead: number;
}

export interface InspectedLayers extends ScanProgress {
  /** Bottom first. */
  readonly reports: readonly LayerReport<Found, SecretHit>[];
}

/** All that a layer is read for, in one pass. */
const probe: LayerProbe<Found, SecretHit> = { ...inventoryProbe, contents: secretProbe };

const deflateAsync = promisify(deflateRaw);
const inflateAsync = promisify(inflateRaw);

/** Reports of all layers of an image; one that was inspected before, in whatever image, is not read again. */
export async function inspectLayers(options: {
  readonly db: Database;
  readonly image: Image;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ScanProgress) => Promise<void>;
}): Promise<InspectedLayers> {
  const { db, image, signal, onProgress } = options;
  const layersTotal = image.layers.length;
  const reports: LayerReport<Found, SecretHit>[] = [];
  let layersRead = 0;
  await onProgress({ layersTotal, layersDone: 0, layersRead });
  for (const layer of image.layers) {
    signal.throwIfAborted();
    const known = unreadable(layer) ?? (await readInspection(db, layer));
    if (known === undefined) layersRead += 1;
    const report = known ?? (await inspectAndStore(db, layer, signal));
    reports.push(report);
    await onProgress({ layersTotal, layersDone: reports.length, layersRead });
  }
  return { reports, layersTotal, layersDone: reports.length, layersRead };
}

async function readInspection(
  db: Database,
  layer: ImageLayer,
): Promise<LayerReport<Found, SecretHit> | undefined> {
  const row = await db
    .selectFrom('layer_inspection')
    .select('report')
    .where('blob_digest', '=', layer.digest)
    .where('inspector_version', '=', inspectorVersion)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const bytes = await inflateAsync(row.report);
  return JSON.parse(bytes.toString('utf8')) as LayerReport<Found, SecretHit>; // written below alone, by the same version
}

async function inspectAndStore(
  db: Database,
  layer: ImageLayer,
  signal: AbortSignal,
): Promise<LayerReport<Found, SecretHit>> {
  const report = await inspectLayer({ open: () => layer.open(), probe, signal });
  // Not read to its end, so nobody knows whether these were the bytes that the digest names: the next scan reads them again.
  if (report.diffId === undefined) return report;
  await db
    .insertInto('layer_inspection')
    .values({
      blob_digest: layer.digest,
      inspector_version: inspectorVersion,
      diff_id: report.diffId,
      report: await deflateAsync(JSON.stringify(report)),
      problem: report.incomplete === undefined ? null : JSON.stringify(report.incomplete),
    })
    .onConflict((conflict) => conflict.columns(['blob_digest', 'inspector_version']).doNothing())
    .execute();
  return report;
}

/** Layers that are kept elsewhere are never fetched, and encrypted ones cannot be read (threats.md P14). */
function unreadable(layer: ImageLayer): LayerReport<Found, SecretHit> | undefined {
  switch (layerClaimOf(layer.mediaType)) {
    case 'foreign':
      return nothingRead('foreign-layer', `layer ${layer.index} is kept elsewhere and was not read`);
    case 'encrypted':
      return nothingRead('encrypted-layer', `layer ${layer.index} is encrypted`);
    default:
      return undefined;
  }
}

function nothingRead(code: string, message: string): LayerReport<Found, SecretHit> {
  return {
    files: [],
    contents: [],
    whiteouts: [],
    opaqueDirectories: [],
    links: {},
    unresolvedLinks: [],
    nonDirectoryHashes: '',
    directoryHashes: '',
    entryCount: 0,
    inflatedBytes: 0,
    executableCount: 0,
    incomplete: { code, message },
  };
}
