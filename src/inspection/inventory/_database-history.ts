import type { Found, FoundPackage } from './found.ts';
import { isLanguageManager } from './package-managers.ts';

/** The wanted files and the links of one layer, as its report has them. */
export interface LayerFiles {
  /** Symbolic links, path to target as written. */
  readonly links?: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly found: readonly Found[] }[];
}

/** What one layer's copy of a package database lists. */
interface DatabaseCopy {
  readonly layerIndex: number;
  readonly packages: ReadonlySet<string>;
}

/**
 * Every copy of every package database, bottom first. A database is copied up whole whenever a layer installs something,
 * so the copy in force tells nothing of which layer brought what.
 */
export class DatabaseHistory {
  readonly #copies = new Map<string, DatabaseCopy[]>();

  constructor(reports: readonly LayerFiles[]) {
    for (const [layerIndex, { files }] of reports.entries()) {
      for (const { path, found } of files) {
        const packages = found.flatMap((item) => (isInDatabase(item) ? [keyOf(item)] : []));
        if (packages.length === 0) continue;
        const copies = this.#copies.get(path) ?? [];
        copies.push({ layerIndex, packages: new Set(packages) });
        this.#copies.set(path, copies);
      }
    }
  }

  /** The lowest layer from which every copy up to the one in force lists the package; that one's layer when none is known. */
  firstLayerOf(found: FoundPackage, file: { readonly path: string; readonly layerIndex: number }): number {
    let first = file.layerIndex;
    for (const { layerIndex, packages } of (this.#copies.get(file.path) ?? []).toReversed()) {
      if (layerIndex >= file.layerIndex) continue;
      if (!packages.has(keyOf(found))) break;
      first = layerIndex;
    }
    return first;
  }
}

function isInDatabase(item: Found): item is FoundPackage {
  return item.kind === 'package' && !isLanguageManager(item.manager);
}

function keyOf({ name, version }: FoundPackage): string {
  return `${name} ${version}`;
}
