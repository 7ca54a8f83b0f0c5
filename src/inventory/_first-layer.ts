import type { Found, FoundPackage } from './found.ts';

/** The wanted files of one layer, as its report has them. */
export interface LayerFiles {
  readonly files: readonly { readonly path: string; readonly found: readonly Found[] }[];
}

export interface FirstLayerQuestion {
  readonly found: FoundPackage;
  readonly path: string;
  /** The layer whose copy of the database is the one in force. */
  readonly lastIndex: number;
  readonly reports: readonly LayerFiles[];
}

/**
 * The layer that brought the package in: the lowest from which every rewritten copy of its database lists it.
 * A database is copied up whole whenever a layer installs something, so the last copy tells nothing of the rest.
 */
export function firstLayerOf({ found, path, lastIndex, reports }: FirstLayerQuestion): number {
  let first = lastIndex;
  for (let index = lastIndex - 1; index >= 0; index -= 1) {
    const copy = reports[index]?.files.find((file) => file.path === path);
    if (copy === undefined) continue;
    if (!copy.found.some((item) => isSame(item, found))) return first;
    first = index;
  }
  return first;
}

function isSame(item: Found, found: FoundPackage): boolean {
  return item.kind === 'package' && item.name === found.name && item.version === found.version;
}
