import { hashPath, hasPathHash } from './_path-hashes.ts';
import type { LayerReport } from './layer-report.ts';

/** What a later layer does to a file of a lower one. The lower layer is still in the image, with the file in it. */
export interface FileFate {
  readonly kind: 'deleted' | 'replaced';
  /** The layer that does it, the lowest of them. */
  readonly byLayer: number;
}

/** What becomes of the file at this path of this layer in the layers above; undefined: the container sees it. */
export function fileFate(
  reports: readonly LayerReport<unknown, unknown>[],
  path: string,
  layerIndex: number,
): FileFate | undefined {
  const above = reports.slice(layerIndex + 1);
  if (above.length === 0) return undefined;
  const hash = hashPath(path);
  const directories = directoriesOf(path);
  const directoryHashes = directories.map(hashPath);
  for (const [index, report] of above.entries()) {
    const byLayer = layerIndex + 1 + index;
    if (hasPathHash(report.nonDirectoryHashes, hash) || hasPathHash(report.directoryHashes, hash)) {
      return { kind: 'replaced', byLayer };
    }
    const isHidden =
      report.whiteouts.some((hidden) => hidden === path || directories.includes(hidden)) ||
      report.opaqueDirectories.some((opaque) => opaque === '' || directories.includes(opaque)) ||
      directoryHashes.some((directory) => hasPathHash(report.nonDirectoryHashes, directory));
    if (isHidden) return { kind: 'deleted', byLayer };
  }
  return undefined;
}

function directoriesOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
