import type { Database } from '../database/database.ts';
import type { Image, ImageLayer } from '../inspection/image/image.ts';
import { InspectionError } from '../inspection/inspection-error.ts';
import type { InspectionPool } from '../inspection/inspection-pool.ts';
import { inspectorVersion } from '../inspection/inventory/inspector-version.ts';
import { type PackedReport, packReport } from '../inspection/packed-report.ts';
import type { ScanReport } from '../inspection/scan-probe.ts';
import { layerClaimOf } from '../oci/media-types.ts';

export interface ScanProgress {
  readonly layersTotal: number;
  readonly layersDone: number;
  /** Of those done, the ones that were read and not taken from an earlier inspection. */
  readonly layersRead: number;
}

export interface InspectedLayers extends ScanProgress {
  /** Packed, bottom first. */
  readonly reports: readonly Buffer[];
}

export interface InspectLayersOptions {
  /** Keeps reports of layers, by digest. */
  readonly db: Database;
  readonly inspections: InspectionPool;
  readonly image: Image;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ScanProgress) => Promise<void>;
}

/** Packed reports of one image that are held at once; those of 300,000 files have 3 MB. */
const reportsBytesMax = 64 * 1024 ** 2;

/**
 * Reports of all layers of an image; one that was inspected before, in whatever image, is not read again. As many layers
 * are read at once as there may be inspection processes. Throws what `InspectionPool.inspectLayer()` throws.
 */
export async function inspectLayers(options: InspectLayersOptions): Promise<InspectedLayers> {
  const { inspections, image, onProgress } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const layersTotal = image.layers.length;
  const reports: Buffer[] = [];
  // The same bytes twice are read once.
  const byDigest = new Map<string, Promise<LayerResult>>();
  let layersDone = 0;
  let layersRead = 0;
  let sizeBytes = 0;
  await onProgress({ layersTotal, layersDone, layersRead });
  const left = image.layers.values();
  const readSome = async (): Promise<void> => {
    for (const layer of left) {
      signal.throwIfAborted();
      const known = byDigest.get(layer.digest);
      const result = known ?? layerResult(layer, { ...options, signal });
      byDigest.set(layer.digest, result);
      const { report, wasRead } = await result;
      if (known === undefined) sizeBytes += report.length;
      if (sizeBytes > reportsBytesMax) throw tooMuch();
      reports[layer.index] = report;
      layersDone += 1;
      if (wasRead && known === undefined) layersRead += 1;
      await onProgress({ layersTotal, layersDone, layersRead });
    }
  };
  const readers = Array.from({ length: Math.min(inspections.limits.processes, layersTotal) }, () =>
    readSome().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(readers);
  await Promise.all(readers).catch((error: unknown) => {
    throw failed.signal.reason ?? error;
  });
  return { reports, layersTotal, layersDone, layersRead };
}

function tooMuch(): InspectionError {
  const reason = `what is in them takes more than ${reportsBytesMax / 1024 ** 2} MiB`;
  return new InspectionError('answer', { subject: 'the layers together', reason });
}

interface LayerResult {
  readonly report: Buffer;
  /** Now, and not taken from an earlier inspection. */
  readonly wasRead: boolean;
}

async function layerResult(layer: ImageLayer, options: InspectLayersOptions): Promise<LayerResult> {
  const unread = unreadable(layer);
  if (unread !== undefined) return { report: (await packReport(unread)).bytes, wasRead: false };
  const stored = await readInspection(options.db, layer);
  if (stored !== undefined) return { report: stored, wasRead: false };
  const report = await options.inspections.inspectLayer(layer, options.signal);
  await storeInspection(options.db, layer, report);
  return { report: report.bytes, wasRead: true };
}

async function readInspection(db: Database, layer: ImageLayer): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('layer_inspection')
    .select('report')
    .where('blob_digest', '=', layer.digest)
    .where('inspector_version', '=', inspectorVersion)
    .executeTakeFirst();
  return row?.report;
}

async function storeInspection(db: Database, layer: ImageLayer, report: PackedReport): Promise<void> {
  // Not read to its end, so nobody knows whether these were the bytes that the digest names: the next scan reads them again.
  if (report.diffId === undefined) return;
  await db
    .insertInto('layer_inspection')
    .values({
      blob_digest: layer.digest,
      inspector_version: inspectorVersion,
      diff_id: report.diffId,
      report: report.bytes,
      problem: report.incomplete === undefined ? null : JSON.stringify(report.incomplete),
    })
    .onConflict((conflict) => conflict.columns(['blob_digest', 'inspector_version']).doNothing())
    .execute();
}

/** Layers that are kept elsewhere are never fetched, and encrypted ones cannot be read (threats.md P14). */
function unreadable(layer: ImageLayer): ScanReport | undefined {
  switch (layerClaimOf(layer.mediaType)) {
    case 'foreign':
      return nothingRead('foreign-layer', `layer ${layer.index} is kept elsewhere and was not read`);
    case 'encrypted':
      return nothingRead('encrypted-layer', `layer ${layer.index} is encrypted`);
    default:
      return undefined;
  }
}

function nothingRead(code: string, message: string): ScanReport {
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
