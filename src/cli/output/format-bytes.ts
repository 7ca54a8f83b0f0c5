const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size for people: `512 B`, `1.5 MiB`. */
export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  let shown = sizeBytes;
  let unit = '';
  for (const next of units) {
    if (shown < 1024) break;
    shown /= 1024;
    unit = next;
  }
  return `${shown.toFixed(1)} ${unit}`;
}
