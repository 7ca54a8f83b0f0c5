import type { Verdict } from '../policy/verdict.ts';
import type { ImageRow, ImageScanRow } from '../scan/image-list.ts';
import type { Image, Scan } from './contract/image.ts';
import { showVerdict } from './show-verdict.ts';

/** An image as lists show it. */
export function showImage(row: ImageRow, verdict: Verdict): Image {
  return {
    id: row.id,
    namespace: row.namespace,
    repository: row.repository,
    tags: [...row.tags],
    digest: row.digest,
    kind: row.kind,
    mediaType: row.mediaType,
    platform: row.platform,
    sizeBytes: row.sizeBytes,
    pushedAt: row.pushedAt.toISOString(),
    pushedBy: row.pushedBy,
    scan: showScan(row.scan),
    severity: row.severity,
    doubts: [...row.doubts],
    verdict: showVerdict(verdict),
  };
}

function showScan(scan: ImageScanRow): Scan {
  const { state, problem, layersDone, layersTotal, layersRead, queuedAt, startedAt, finishedAt } = scan;
  return {
    state,
    ...(problem === null ? {} : { problem }),
    progress: { layersDone, layersTotal, layersRead },
    ...(queuedAt === null ? {} : { queuedAt: queuedAt.toISOString() }),
    ...(startedAt === null ? {} : { startedAt: startedAt.toISOString() }),
    ...(finishedAt === null ? {} : { finishedAt: finishedAt.toISOString() }),
  };
}
